#include "expander/refresh.hpp"

#include <algorithm>
#include <cmath>

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

// SplitMix64. Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators",
// OOPSLA 2014.
double Draws::next() noexcept {
  constexpr std::uint64_t golden_ratio = 0x9e3779b97f4a7c15U;
  std::uint64_t x = state_.fetch_add(golden_ratio, std::memory_order_relaxed) + golden_ratio;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  x ^= x >> 31U;
  return (static_cast<double>(x >> 11U) + 1.0) / 9007199254740992.0;  // 2^53
}

}  // namespace cachekit
