#include "libmemcached_client.hpp"
#include "support.hpp"

using namespace cachekit;

namespace {

std::vector<std::string> some_keys() {
  std::vector<std::string> keys = test::numbered("shared:", 500);
  for (std::string& key : test::numbered("\xc3\xa4\xff\x80:", 50)) keys.push_back(key);
  return keys;
}

}  // namespace

TEST_CASE("what libmemcached stored is read, and the other way round", "[memcached][integration]") {
  const test::ThreeServers servers;
  test::LibmemcachedClient other;
  other.add(servers.a.host(), servers.a.port(), 1);
  other.add(servers.b.host(), servers.b.port(), 2);
  other.add(servers.c.host(), servers.c.port(), 3);
  MemcachedBackend backend(test::config_of(servers.list()));

  const std::vector<std::string> keys = some_keys();
  for (const std::string& key : keys) other.set(key, "theirs " + key);
  for (const std::string& key : keys) REQUIRE(backend.get(key) == "theirs " + key);
  for (const std::string& key : keys) REQUIRE(backend.set(key, "ours " + key) == true);
  for (const std::string& key : keys) REQUIRE(other.get(key) == "ours " + key);
}
