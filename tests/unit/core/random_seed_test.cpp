#include "core/random_seed.hpp"

#include "support/catch.hpp"

#include <cstdint>
#include <set>

using namespace cachekit;

TEST_CASE("no two seeds are the same, and each of their bits is used", "[core]") {
  std::set<std::uint64_t> seeds;
  std::uint64_t some = 0, all = ~std::uint64_t{0};
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t seed = core::random_seed();
    seeds.insert(seed);
    some |= seed;
    all &= seed;
  }
  CHECK(seeds.size() == 1000);
  CHECK(some == ~std::uint64_t{0});
  CHECK(all == 0);
}
