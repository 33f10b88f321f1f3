#include "expander/refresh.hpp"

#include "core/random_seed.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace cachekit {

bool is_due(std::chrono::milliseconds remaining, std::chrono::microseconds load_cost,
            double eagerness, double draw) noexcept {
  if (eagerness <= 0) return false;
  using Milliseconds = std::chrono::duration<double, std::milli>;
  return Milliseconds(load_cost) * (eagerness * -std::log(draw)) >= Milliseconds(remaining);
}

Ttl jittered(Ttl ttl, double part, double draw) noexcept {
  if (!ttl.expires() || part <= 0) return ttl;
  const auto whole = static_cast<double>(ttl.duration().count());
  const auto less = static_cast<std::chrono::milliseconds::rep>(whole * std::min(part, 1.0) * draw);
  return std::max(ttl.duration() - std::chrono::milliseconds(less), std::chrono::milliseconds(1));
}

Ttl kept_for(Ttl ttl, std::chrono::milliseconds stale_for) noexcept {
  if (!ttl.expires() || stale_for <= std::chrono::milliseconds::zero()) return ttl;
  return ttl.duration() + std::min(stale_for, Ttl::max - ttl.duration());
}

double random_draw() noexcept {
  // "xorshift64*" (Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016).
  thread_local std::uint64_t state = core::random_seed() | 1U;
  state ^= state >> 12U;
  state ^= state << 25U;
  state ^= state >> 27U;
  const std::uint64_t bits = (state * 0x2545F4914F6CDD1DU) >> 11U;
  return (static_cast<double>(bits) + 1.0) / 9007199254740992.0;  // 2^53
}

}  // namespace cachekit
