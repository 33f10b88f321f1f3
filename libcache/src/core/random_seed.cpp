#include "core/random_seed.hpp"

#include <atomic>
#include <chrono>

#include <sys/random.h>
#include <unistd.h>

namespace cachekit::core {
namespace {

// One step of SplitMix64: neighbours in, strangers out. Source: Steele, Lea and Flood, "Fast
// Splittable Pseudorandom Number Generators", OOPSLA 2014.
std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

}  // namespace

std::uint64_t random_seed() noexcept {
  std::uint64_t seed = 0;
  if (::getentropy(&seed, sizeof seed) == 0) return seed;
  static std::atomic<std::uint64_t> calls{0};
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return mixed(mixed(static_cast<std::uint64_t>(now)) + static_cast<std::uint64_t>(::getpid()) +
               mixed(++calls));
}

}  // namespace cachekit::core
