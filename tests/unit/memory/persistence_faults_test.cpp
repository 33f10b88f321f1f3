// Snapshots that are damaged, somebody else's, too large, out of reach, or not to be written.

#include "snapshot_files.hpp"

#include <array>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// To be written and read, and to be read only.
std::array<InMemoryConfig, 2> both_ways(const std::filesystem::path& file) {
  std::array configs{saved_in(file), saved_in(file)};
  configs[1].snapshot_read_only = true;
  return configs;
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
