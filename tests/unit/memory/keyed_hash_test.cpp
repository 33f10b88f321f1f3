#include "memory/keyed_hash.hpp"

#include "support/catch.hpp"

#include <set>
#include <string>

using namespace cachekit::memory;

TEST_CASE("keyed_hash is SipHash-1-3", "[memory][hash]") {
  // What SipHash-1-3 gives for the key 00 01 ... 0f and the data 00 01 02 ...
  const HashSeed seed{.first = 0x0706050403020100U, .second = 0x0f0e0d0c0b0a0908U};
  std::string data;
  for (int i = 0; i < 63; ++i) data.push_back(static_cast<char>(i));
  const std::string_view all = data;
  CHECK(keyed_hash(seed, "") == 0xabac0158050fc4dcU);
  CHECK(keyed_hash(seed, all.substr(0, 1)) == 0xc9f49bf37d57ca93U);
  CHECK(keyed_hash(seed, all.substr(0, 8)) == 0x369095118d299a8eU);
  CHECK(keyed_hash(seed, all.substr(0, 15)) == 0xd320d86d2a519956U);
  CHECK(keyed_hash(seed, all) == 0x9d199062b7bbb3a8U);
  CHECK(keyed_hash({}, "") == 0xd1fba762150c532cU);
}

TEST_CASE("keys that collide under one seed do not under another", "[memory][hash]") {
  const HashSeed one{.first = 1, .second = 2};
  const HashSeed other{.first = 1, .second = 3};
  // Found by trying: pairs that agree in their lowest 12 bits under the first seed.
  std::set<std::uint64_t> under_other;
  int agreeing = 0;
  for (int i = 0; agreeing < 64; ++i) {
    const std::string key = "key" + std::to_string(i);
    if ((keyed_hash(one, key) & 0xfffU) != 0) continue;
    ++agreeing;
    under_other.insert(keyed_hash(other, key) & 0xfffU);
  }
  CHECK(under_other.size() > 48);
}

TEST_CASE("the seed of the process is drawn once and is not zero", "[memory][hash]") {
  CHECK(&process_seed() == &process_seed());
  CHECK((process_seed().first | process_seed().second) != 0);
}
