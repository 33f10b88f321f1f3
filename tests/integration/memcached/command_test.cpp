#include "support.hpp"

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("values of any bytes come back exactly", "[memcached][integration]") {
  MemcachedBackend backend(test::config_of({test::shared_memcached().endpoint()}));
  for (const std::string& value :
       {std::string(), std::string("plain"), test::all_bytes(), std::string("\r\nEND\r\n"),
        std::string("EN\r\nHD\r\nVA 3\r\n"), std::string(900'000, 'v')}) {
    REQUIRE(backend.set("bytes", value) == true);
    CHECK(backend.get("bytes") == value);
  }
}

TEST_CASE("keys of any bytes name entries of their own and run nothing",
          "[memcached][integration]") {
  MemcachedBackend backend(test::config_of({test::shared_memcached().endpoint()}));
  REQUIRE(backend.set("victim", "untouched") == true);
  for (int byte = 0; byte < 256; ++byte) {
    const std::string key = {'k', static_cast<char>(byte), 'e', 'y'};
    REQUIRE(backend.set(key, std::to_string(byte)) == true);
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::string key = {'k', static_cast<char>(byte), 'e', 'y'};
    CAPTURE(byte);
    CHECK(backend.get(key) == std::to_string(byte));
    CHECK(backend.exists(key) == true);
    CHECK(backend.touch(key, 1h) == true);
    CHECK(backend.remove(key) == true);
    CHECK(backend.get(key) == std::nullopt);
  }
  for (const std::string_view key : {"x\r\nflush_all\r\n", "x\nflush_all\n", "a b", "victim v"}) {
    CHECK(backend.get(key) == std::nullopt);
    CHECK(backend.set(key, "own") == true);
    CHECK(backend.get_many(std::vector<std::string_view>{key}).front() == "own");
    CHECK(backend.increment(std::string(key) + "\r\ncounter") == 1);
    CHECK(backend.remove_many(std::vector<std::string_view>{key}).front() == true);
  }
  CHECK(backend.get("victim") == "untouched");
}

TEST_CASE("the longest keys are stored and longer ones refused before I/O",
          "[memcached][integration]") {
  MemcachedBackend backend(test::config_of({test::shared_memcached().endpoint()}));
  for (const std::string& key : {std::string(250, 'k'), std::string(250, '\xfe'),
                                 std::string(186, ' '), std::string(185, 'k') + '\n'}) {
    REQUIRE(backend.set(key, "long") == true);
    CHECK(backend.get(key) == "long");
    CHECK(backend.get(key + key).error().code == Errc::invalid_argument);
  }
}

TEST_CASE("a set keeps to its condition", "[memcached][integration]") {
  MemcachedBackend backend(test::config_of({test::shared_memcached().endpoint()}));
  const SetOptions if_absent{.condition = SetCondition::if_absent};
  const SetOptions if_present{.condition = SetCondition::if_present};
  REQUIRE(backend.remove("condition"));
  CHECK(backend.set("condition", "a", if_present) == false);
  CHECK(backend.set("condition", "b", if_absent) == true);
  CHECK(backend.set("condition", "c", if_absent) == false);
  CHECK(backend.get("condition") == "b");
  CHECK(backend.set("condition", "d", if_present) == true);
  CHECK(backend.get("condition") == "d");
  CHECK(backend.remove("condition") == true);
  CHECK(backend.remove("condition") == false);
  CHECK(backend.exists("condition") == false);
}

TEST_CASE("TTLs around 30 days read back right", "[memcached][integration]") {
  MemcachedBackend backend(test::config_of({test::shared_memcached().endpoint()}));
  for (const std::chrono::seconds ttl : {100s, 2'591'999s, 2'592'000s, 2'592'001s, 315'360'000s}) {
    CAPTURE(ttl.count());
    const auto is_left = [&](std::string_view key) {
      const auto left = backend.ttl(key);
      REQUIRE(left);
      REQUIRE(*left);
      REQUIRE((*left)->expires());
      CHECK((*left)->duration() <= ttl + 2s);  // The server's clock is up to two seconds behind.
      CHECK((*left)->duration() > ttl - 60s);
    };
    REQUIRE(backend.set("stored", "v", {.ttl = ttl}) == true);
    is_left("stored");
    REQUIRE(backend.set("touched", "v") == true);
    REQUIRE(backend.touch("touched", ttl) == true);
    is_left("touched");
  }
  REQUIRE(backend.touch("touched", Ttl::none()) == true);
  CHECK(backend.ttl("touched") == Ttl::none());
  CHECK(backend.ttl("never stored") == std::nullopt);
  CHECK(backend.touch("never stored", 1s) == false);
}

TEST_CASE("a TTL below one second expires, and soon", "[memcached][integration]") {
  MemcachedBackend backend(test::config_of({test::shared_memcached().endpoint()}));
  REQUIRE(backend.set("short", "v", {.ttl = 1ms}) == true);
  CHECK(test::eventually([&] { return backend.get("short") == std::nullopt; }, 10s));
  CHECK(backend.set("short", "v", {.ttl = 0s}).error().code == Errc::invalid_argument);
  CHECK(backend.set("short", "v", {.ttl = std::chrono::hours::max()}).error().code ==
        Errc::invalid_argument);
}

TEST_CASE("counters are created, kept above 0 and keep their TTL", "[memcached][integration]") {
  MemcachedBackend backend(test::config_of({test::shared_memcached().endpoint()}));
  REQUIRE(backend.remove("counter"));
  CHECK(backend.increment("counter", 5) == 5);
  CHECK(backend.ttl("counter") == Ttl::none());
  CHECK(backend.increment("counter", 37) == 42);
  CHECK(backend.get("counter") == "42");
  CHECK(backend.increment("counter", -2) == 40);
  CHECK(backend.increment("counter", INT64_MIN) == 0);
  REQUIRE(backend.remove("counter"));
  CHECK(backend.increment("counter", -5) == 0);

  REQUIRE(backend.set("counter", "1", {.ttl = 1000s}));
  CHECK(backend.increment("counter") == 2);
  CHECK(backend.ttl("counter").value()->duration() > 900s);
}

TEST_CASE("what is no number, or too large for one, is not counted up",
          "[memcached][integration]") {
  MemcachedBackend backend(test::config_of({test::shared_memcached().endpoint()}));
  REQUIRE(backend.set("counter", "abc"));
  CHECK(backend.increment("counter").error().code == Errc::rejected);
  CHECK(backend.get("counter") == "abc");
  REQUIRE(backend.set("counter", std::to_string(INT64_MAX)));
  CHECK(backend.increment("counter").error().code == Errc::rejected);
  CHECK(backend.increment("counter").error().endpoint == test::shared_memcached().endpoint());
}
