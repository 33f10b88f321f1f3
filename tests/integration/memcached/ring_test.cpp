#include "libmemcached_client.hpp"
#include "support.hpp"

#include <atomic>
#include <map>

using namespace cachekit;

namespace {

constexpr int key_count = 100'000;

std::string key_number(int i) { return "user:" + std::to_string(i * 7919) + ":profile"; }

}  // namespace

TEST_CASE("100,000 keys are placed where libmemcached's client places them", "[memcached]") {
  test::LibmemcachedClient reference;
  reference.add("10.1.0.1", 11211, 1);
  reference.add("10.1.0.2", 11311, 3);
  reference.add("cache.example.com", 11211, 2);
  reference.add("fe80::7", 11212, 1);
  reference.add_socket("/run/memcached/a.sock");
  const MemcachedBackend backend(
      {.servers = {"10.1.0.1", "10.1.0.2:11311:3", "cache.example.com:11211:2", "[fe80::7]:11212",
                   "/run/memcached/a.sock"}});
  std::map<std::string, int> per_server;
  int different = 0;
  for (int i = 0; i < key_count; ++i) {
    const std::string key = key_number(i);
    const std::string server = backend.server_of(key).value();
    if (server != reference.server_of(key)) ++different;
    ++per_server[server];
  }
  CHECK(different == 0);
  REQUIRE(per_server.size() == 5);
  // The shares follow the weights 1, 3, 2, 1, 1.
  CHECK(per_server["10.1.0.2:11311"] > per_server["cache.example.com:11211"]);
  CHECK(per_server["cache.example.com:11211"] > per_server["10.1.0.1:11211"]);
}

TEST_CASE("the order of the server list does not matter for where keys go", "[memcached]") {
  const MemcachedBackend one({.servers = {"a:11211", "b:11212:2", "c:11213"}});
  const MemcachedBackend other({.servers = {"c:11213", "a:11211", "b:11212:2"}});
  int different = 0;
  for (int i = 0; i < key_count; ++i) {
    if (one.server_of(key_number(i)) != other.server_of(key_number(i))) ++different;
  }
  CHECK(different == 0);
}

TEST_CASE("the ring may be asked from many threads at once", "[memcached]") {
  const MemcachedBackend backend({.servers = {"a", "b", "c"}});
  std::vector<std::string> expected;
  for (int i = 0; i < 2000; ++i) expected.push_back(backend.server_of(key_number(i)).value());
  std::atomic<int> different{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        if (backend.server_of(key_number(i)) != expected[static_cast<std::size_t>(i)]) ++different;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(different == 0);
}
