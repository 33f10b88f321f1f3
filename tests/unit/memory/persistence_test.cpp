#include "memory/entry.hpp"
#include "snapshot_files.hpp"

#include <string>
#include <thread>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("entries survive from one object to the next, in folders made on the way",
          "[memory][persistence]") {
  const TempFolder folder;
  const auto file = folder / "new/folders/cache.snapshot";
  save(file, "user:1", "Ada");
  CheckedCache t(saved_in(file));
  REQUIRE(t.cache.connect());
  REQUIRE(t.cache.connect());
  CHECK(t.get("user:1") == "Ada");
  CHECK(t.cache.warnings().empty());
  CHECK(t.cache.target() == "memory:" + file.string());
  CHECK(t.cache.capabilities().persistence);
  CHECK(t.cache.ping().nodes.at(0).endpoint == file.string());
}

TEST_CASE("a call before connect loads the snapshot first", "[memory][persistence]") {
  const TempFolder folder;
  save(folder / "s", "k", "v");
  CheckedCache t(saved_in(folder / "s"));
  CHECK_FALSE(t.cache.set("k", "w", {.condition = SetCondition::if_absent}).value());
  CHECK(t.get("k") == "v");
}

TEST_CASE("TTLs go on while no process runs, and never come back to life",
          "[memory][persistence]") {
  const TempFolder folder;
  {
    CheckedCache t(saved_in(folder / "s"));
    t.set("minute", "v", 1min);
    t.set("hour", "v", 1h);
    t.set("ever", "v");
    t.set("gone", "v", 1ms);
    t.runtime.advance(10s);
    REQUIRE(t.cache.flush());
  }
  CheckedCache t(saved_in(folder / "s"));
  t.runtime.step_wall(10s + 50s);
  CHECK(t.get("minute") == std::nullopt);
  CHECK(t.cache.ttl("hour").value() == Ttl(59min));
  CHECK(t.cache.ttl("ever").value() == Ttl::none());
  CHECK(t.stats().items == 2U);
  t.runtime.step_wall(24h);
  CHECK(t.cache.ttl("hour").value() == Ttl(59min));
}

TEST_CASE("a wall clock that was set back lets nothing live beyond ten years",
          "[memory][persistence]") {
  const TempFolder folder;
  {
    CheckedCache t(saved_in(folder / "s"));
    t.set("k", "v", Ttl::max);
    REQUIRE(t.cache.flush());
  }
  CheckedCache t(saved_in(folder / "s"));
  t.runtime.step_wall(-24h * 365);
  CHECK(t.cache.ttl("k").value() == Ttl(Ttl::max));
}

TEST_CASE("the order of use survives, so that eviction goes on where it was",
          "[memory][persistence][eviction]") {
  const TempFolder folder;
  constexpr int count = 200;
  const auto key = [](int i) { return std::to_string(1000 + i); };
  InMemoryConfig whole = saved_in(folder / "s");
  whole.policy = EvictionPolicy::lru;
  whole.shards = 1;
  {
    CheckedCache t(whole);
    for (int i = 0; i < count; ++i) t.set(key(i), "v");
    // The even ones are used again: the odd ones are oldest.
    for (int i = 0; i < count; i += 2) t.get(key(i));
    static_cast<void>(t.cache.flush());
  }
  // Twice through the file, so that what was only restored keeps its place too.
  {
    CheckedCache t(whole);
    t.set("9999", "v");
    REQUIRE(t.cache.flush());
  }
  InMemoryConfig half = whole;
  half.capacity = {(count / 2 + 1) * memory::entry_charge(4, 1)};
  CheckedCache t(half);
  int wrong = 0;
  for (int i = 0; i < count; ++i) wrong += t.cache.exists(key(i)).value() == (i % 2 == 0) ? 0 : 1;
  CHECK(wrong == 0);
  CHECK(t.cache.exists("9999").value());
}

TEST_CASE("flush without a snapshot file does nothing", "[memory][persistence]") {
  CheckedCache t;
  t.set("k", "v");
  CHECK(t.cache.flush());
}

TEST_CASE("flush writes only what has changed", "[memory][persistence]") {
  const TempFolder folder;
  save(folder / "s", "k", "v");
  CheckedCache t(saved_in(folder / "s"));
  CHECK(t.get("k") == "v");
  CHECK_FALSE(t.cache.remove("other").value());
  std::filesystem::remove(folder / "s");
  REQUIRE(t.cache.flush());
  CHECK_FALSE(std::filesystem::exists(folder / "s"));
  CHECK(t.cache.touch("k", 1h).value());
  REQUIRE(t.cache.flush());
  CHECK(std::filesystem::exists(folder / "s"));
}

TEST_CASE("each kind of change reaches the file", "[memory][persistence]") {
  const TempFolder folder;
  save(folder / "s", "k", "1");
  {
    CheckedCache t(saved_in(folder / "s"));
    CHECK(t.cache.increment("k").value() == 2);
    REQUIRE(t.cache.flush());
  }
  {
    CheckedCache t(saved_in(folder / "s"));
    CHECK(t.get("k") == "2");
    CHECK(t.cache.remove("k").value());
    REQUIRE(t.cache.flush());
  }
  {
    CheckedCache t(saved_in(folder / "s"));
    CHECK(t.get("k") == std::nullopt);
    t.set("k", "3");
    REQUIRE(t.cache.flush());
    REQUIRE(t.cache.clear());
    REQUIRE(t.cache.flush());
  }
  CheckedCache t(saved_in(folder / "s"));
  CHECK(t.stats().items == 0U);
}

TEST_CASE("flush before connect is an error and leaves the file alone", "[memory][persistence]") {
  const TempFolder folder;
  save(folder / "s", "k", "v");
  const std::string before = read_bytes(folder / "s");
  CheckedCache t(saved_in(folder / "s"));
  CHECK(t.cache.flush().error().code == Errc::invalid_argument);
  CHECK(read_bytes(folder / "s") == before);
}

TEST_CASE("flush after a failed connect is an error and leaves the file alone",
          "[memory][persistence]") {
  const TempFolder folder;
  save(folder / "s", "k", "v");
  CheckedCache holder(saved_in(folder / "s"));
  REQUIRE(holder.cache.connect());
  const std::string before = read_bytes(folder / "s");
  CheckedCache late(saved_in(folder / "s"));
  CHECK_FALSE(late.cache.connect());
  CHECK_FALSE(late.cache.set("k", "w"));
  CHECK_FALSE(late.cache.flush());
  CHECK(read_bytes(folder / "s") == before);
}

TEST_CASE("a snapshot has one holder at a time, and the error says who to ask",
          "[memory][persistence]") {
  const TempFolder folder;
  auto holder = std::make_unique<CheckedCache>(saved_in(folder / "s"));
  REQUIRE(holder->cache.connect());
  CheckedCache late(saved_in(folder / "s"));
  const auto refused = late.cache.connect();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::unavailable);
  CHECK(refused.error().message.find((folder / "s").string()) != std::string::npos);
  CHECK(refused.error().hint.find("s.lock") != std::string::npos);
  const PingReport ping = late.cache.ping({.timeout = 1ms});
  CHECK(ping.nodes.at(0).error);
  CHECK(late.cache.stats({.timeout = 1ms}).nodes.at(0).error);
  holder.reset();
  CHECK(late.cache.connect());
}

TEST_CASE("connect waits for a holder that is about to end", "[memory][persistence]") {
  const TempFolder folder;
  auto holder = std::make_unique<CheckedCache>(saved_in(folder / "s"));
  holder->set("k", "v");
  InMemoryConfig patient = saved_in(folder / "s");
  patient.connection_timeout = 1min;
  CheckedCache late(patient);
  bool connected = false;
  std::thread waiter([&] { connected = late.cache.connect().has_value(); });
  REQUIRE(holder->cache.flush());
  holder.reset();
  waiter.join();
  CHECK(connected);
  CHECK(late.get("k") == "v");
}

TEST_CASE("a read-only snapshot needs no lock and is never written", "[memory][persistence]") {
  const TempFolder folder;
  save(folder / "s", "k", "v");
  CheckedCache holder(saved_in(folder / "s"));
  REQUIRE(holder.cache.connect());
  const std::string before = read_bytes(folder / "s");
  InMemoryConfig reading = saved_in(folder / "s");
  reading.snapshot_read_only = true;
  CheckedCache t(reading);
  CHECK(t.get("k") == "v");
  t.set("k", "w");
  CHECK(t.cache.flush());
  CHECK(read_bytes(folder / "s") == before);
}

TEST_CASE("the listener hears nothing of what a snapshot's loading makes leave",
          "[memory][persistence][listener]") {
  const TempFolder folder;
  const auto file = folder / "cache.snapshot";
  {
    CheckedCache t(saved_in(file));
    for (int i = 0; i < 100; ++i) t.set("key" + std::to_string(i), std::string(1000, 'v'));
    REQUIRE(t.cache.flush());
  }
  std::size_t heard = 0;
  InMemoryConfig config = saved_in(file);
  config.capacity = kibibytes(50);
  config.on_removal = [&](const Removal& /*removal*/) { ++heard; };
  {
    CheckedCache t(config);
    REQUIRE(t.cache.connect());
    CHECK(t.stats().items < 100U);
    CHECK(heard == 0);
    t.set("one", std::string(1000, 'v'));
    CHECK(heard > 0);
  }
  std::string bytes = read_bytes(file);
  bytes.back() = static_cast<char>(bytes.back() + 1);  // Found out once most entries are loaded.
  write_bytes(file, bytes);
  heard = 0;
  CheckedCache damaged(config);
  REQUIRE(damaged.cache.connect());
  CHECK(damaged.cache.warnings().size() == 1);
  CHECK(damaged.stats().items == 0U);
  CHECK(heard == 0);
}
