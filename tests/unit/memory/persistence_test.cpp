#include "fixture.hpp"
#include "memory/entry.hpp"

#include <array>
#include <string>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

InMemoryConfig saved_in(const std::filesystem::path& file) {
  return {.snapshot_file = file, .connection_timeout = 50ms};
}

// To be written and read, and to be read only.
std::array<InMemoryConfig, 2> both_ways(const std::filesystem::path& file) {
  std::array configs{saved_in(file), saved_in(file)};
  configs[1].snapshot_read_only = true;
  return configs;
}

// Stores one entry and writes it to the file.
void save(const std::filesystem::path& file, std::string_view key, std::string_view value) {
  CheckedCache t(saved_in(file));
  t.set(key, value);
  REQUIRE(t.cache.flush());
}

// Root may read everything: a test of permissions must not be root.
class Unprivileged {
 public:
  Unprivileged() : user_(::geteuid()) {
    if (user_ == 0) REQUIRE(::seteuid(65534) == 0);
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
  ~Unprivileged() {
    if (user_ == 0) CHECK(::seteuid(0) == 0);
  }

 private:
  uid_t user_;
};

}  // namespace

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
    t.clock.advance(10s);
    REQUIRE(t.cache.flush());
  }
  CheckedCache t(saved_in(folder / "s"));
  t.clock.step_wall(10s + 50s);
  CHECK(t.get("minute") == std::nullopt);
  CHECK(t.cache.ttl("hour").value() == Ttl(59min));
  CHECK(t.cache.ttl("ever").value() == Ttl::none());
  CHECK(t.stats().items == 2U);
  t.clock.step_wall(24h);
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
  t.clock.step_wall(-24h * 365);
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

TEST_CASE("a damaged snapshot is told of, and set aside when another one takes its place",
          "[memory][persistence]") {
  const TempFolder folder;
  for (const std::string bytes :
       {"CKSNAP", "CKSNAP\x1a\n short", "CKSNAP\x1a\n and then nonsense, long"}) {
    write_bytes(folder / "s", bytes);
    CheckedCache t(saved_in(folder / "s"));
    REQUIRE(t.cache.connect());
    CHECK(t.stats().items == 0U);
    REQUIRE(t.cache.warnings().size() == 1);
    CHECK(t.cache.warnings()[0].find("s.corrupt-") != std::string::npos);
    CHECK(t.cache.flush());
    CHECK(read_bytes(folder / "s") == bytes);  // Nothing was written.
    if (bytes.size() > 6) {
      t.set("k", "v");
    } else {
      REQUIRE(t.cache.clear());
    }
    CHECK(t.cache.flush());
    CHECK(read_bytes(folder / "s") != bytes);
  }
  CHECK(read_bytes(folder / "s.corrupt-2") == "CKSNAP\x1a\n short");
  save(folder / "s", "k", "v");
  CheckedCache t(saved_in(folder / "s"));
  CHECK(t.get("k") == "v");
  CHECK(t.cache.warnings().empty());
}

TEST_CASE("a damaged snapshot that may only be read stays where it is", "[memory][persistence]") {
  const TempFolder folder;
  write_bytes(folder / "s", "CKSNAP\x1a\n short");
  InMemoryConfig reading = saved_in(folder / "s");
  reading.snapshot_read_only = true;
  CheckedCache t(reading);
  REQUIRE(t.cache.connect());
  CHECK(t.cache.warnings().size() == 1);
  CHECK(read_bytes(folder / "s") == "CKSNAP\x1a\n short");
}

TEST_CASE("a file that is no snapshot is refused and stays as it is", "[memory][persistence]") {
  const TempFolder folder;
  for (const std::string bytes :
       {"x", "Call the plumber, and pay the rent.\n", "cksnap\x1a\n..."}) {
    write_bytes(folder / "notes.txt", bytes);
    for (const InMemoryConfig& config : both_ways(folder / "notes.txt")) {
      CheckedCache t(config);
      const auto refused = t.cache.connect();
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::rejected);
      CHECK(refused.error().message.find("notes.txt is no snapshot of cachekit") !=
            std::string::npos);
      CHECK_FALSE(refused.error().hint.empty());
      CHECK_FALSE(t.cache.set("k", "v"));
      static_cast<void>(t.cache.flush());
    }
    CHECK(read_bytes(folder / "notes.txt") == bytes);
    CHECK_FALSE(std::filesystem::exists(folder / "notes.txt.corrupt-1"));
  }
}

TEST_CASE("a snapshot path that cannot be a file is an error", "[memory][persistence]") {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "directory");
  write_bytes(folder / "file", "x");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  for (const char* name : {"directory", "file/below", "pipe"}) {
    CheckedCache t(saved_in(folder / name));
    const auto refused = t.cache.connect();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::rejected);
    CHECK(refused.error().message.find(name) != std::string::npos);
    CHECK_FALSE(t.cache.get("k"));
    CHECK_FALSE(t.cache.flush());
  }
  CHECK(std::filesystem::is_directory(folder / "directory"));
}

TEST_CASE("a snapshot that may not be read is an error, not an empty cache",
          "[memory][persistence]") {
  const TempFolder folder;
  save(folder / "s", "k", "v");
  const std::string before = read_bytes(folder / "s");
  REQUIRE(::chmod((folder / "s").c_str(), 0) == 0);
  {
    const Unprivileged user;
    for (const InMemoryConfig& config : both_ways(folder / "s")) {
      CheckedCache t(config);
      const auto refused = t.cache.connect();
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::rejected);
      CHECK_FALSE(refused.error().hint.empty());
    }
  }
  REQUIRE(::chmod((folder / "s").c_str(), 0600) == 0);
  CHECK(read_bytes(folder / "s") == before);
}

TEST_CASE("a flush that fails keeps the old snapshot and can be repeated",
          "[memory][persistence]") {
  const TempFolder folder;
  save(folder / "s", "k", "old");
  const std::string before = read_bytes(folder / "s");
  CheckedCache t(saved_in(folder / "s"));
  t.set("k", "new");
  std::filesystem::create_directories(folder / "s.cachekit-tmp/in the way");
  CHECK(t.cache.flush().error().code == Errc::rejected);
  CHECK(read_bytes(folder / "s") == before);
  std::filesystem::remove_all(folder / "s.cachekit-tmp");
  CHECK(t.cache.flush());
  CHECK(read_bytes(folder / "s") != before);
}

TEST_CASE("entries larger than the cache allows are left out with a warning",
          "[memory][persistence]") {
  const TempFolder folder;
  {
    CheckedCache t(saved_in(folder / "s"));
    t.set("large", std::string(100'000, 'v'));
    t.set("small", "v");
    REQUIRE(t.cache.flush());
  }
  InMemoryConfig small = saved_in(folder / "s");
  small.capacity = kibibytes(16);
  CheckedCache t(small);
  CHECK(t.get("small") == "v");
  CHECK(t.get("large") == std::nullopt);
  CHECK(t.cache.warnings().size() == 1);
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

TEST_CASE("nothing is laid beside a file that is no snapshot", "[memory][persistence]") {
  const TempFolder folder;
  write_bytes(folder / "notes", "somebody's notes");
  CheckedCache t(saved_in(folder / "notes"));
  const auto outcome = t.cache.connect();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::rejected);
  CHECK(std::distance(std::filesystem::directory_iterator(folder / ""), {}) == 1);
}

TEST_CASE("an empty file becomes a snapshot", "[memory][persistence]") {
  const TempFolder folder;
  write_bytes(folder / "s", "");
  save(folder / "s", "k", "v");
  CheckedCache t(saved_in(folder / "s"));
  CHECK(t.get("k") == "v");
  CHECK(t.cache.warnings().empty());
  CHECK_FALSE(std::filesystem::exists(folder / "s.corrupt-1"));
}

TEST_CASE("a folder that may be written and not be read takes a snapshot",
          "[memory][persistence]") {
  std::string name = "/tmp/cachekit-test-XXXXXX";  // Where anybody may go.
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  REQUIRE(::chmod(name.c_str(), 0333) == 0);
  const std::filesystem::path file = std::filesystem::path(name) / "s";
  {
    const Unprivileged user;
    save(file, "key", "value");
    CheckedCache t(saved_in(file));
    CHECK(t.get("key") == "value");
  }
  REQUIRE(::chmod(name.c_str(), 0700) == 0);
  std::filesystem::remove_all(name);
}
