#include "memory/snapshot.hpp"

#include "fixture.hpp"
#include "memory/snapshot_format.hpp"

#include <string>
#include <vector>

#include <sys/stat.h>

using namespace cachekit;
using namespace cachekit::memory;
using namespace std::string_literals;

namespace {

struct OwnedEntry {
  std::int64_t expires_at_ms;
  std::string key;
  std::string value;
  friend bool operator==(const OwnedEntry&, const OwnedEntry&) = default;
};

const std::vector<OwnedEntry> two_entries{{0, "a", "one"}, {1'700'000'060'000, "b\0"s, "\xff\n"}};

const HashSeed seed{.first = 0x0807060504030201, .second = 0x1817161514131211};

// `two_entries`, as every version writes them.
const std::string golden_entries =
    "\x00\x00\x00\x00\x00\x00\x00\x00"s
    "\x01\x00\x00\x00"s
    "\x03\x00\x00\x00\x00\x00\x00\x00"s
    "aone"s
    "\x60\x52\xe6\xcf\x8b\x01\x00\x00"s
    "\x02\x00\x00\x00"s
    "\x02\x00\x00\x00\x00\x00\x00\x00"s
    "b\0\xff\n"s;

// What version 1 wrote for `two_entries`, forever.
const std::string golden_1 =
    "CKSNAP\x1a\n"s
    "\x01\x00\x00\x00"s
    "\x02\x00\x00\x00\x00\x00\x00\x00"s +
    golden_entries + "\x6a\x91\x8a\xfd"s;

// What version 2 writes for them, forever.
const std::string golden =
    "CKSNAP\x1a\n"s
    "\x02\x00\x00\x00"s
    "\x02\x00\x00\x00\x00\x00\x00\x00"s
    "\x01\x02\x03\x04\x05\x06\x07\x08\x11\x12\x13\x14\x15\x16\x17\x18"s +
    golden_entries + "\xb6\x7b\x38\xe9"s;

Result<std::vector<OwnedEntry>> read_all(const std::filesystem::path& path) {
  std::vector<OwnedEntry> entries;
  return read_snapshot(
             path,
             [](const HashSeed& read) {
               CHECK(read.first == seed.first);
               CHECK(read.second == seed.second);
             },
             [&](const SnapshotEntry& entry) {
               entries.push_back(
                   {entry.expires_at_ms, std::string(entry.key), std::string(entry.value)});
             })
      .map([&] { return entries; });
}

Result<void> write_all(const std::filesystem::path& path, const std::vector<OwnedEntry>& entries) {
  std::vector<SnapshotEntry> views;
  for (const OwnedEntry& entry : entries) {
    views.push_back({entry.expires_at_ms, entry.key, entry.value});
  }
  return write_snapshot(path, seed, views);
}

// A file whose checksum is right, whatever else is wrong with it.
std::string with_checksum(std::string bytes) {
  const std::uint32_t crc = continue_crc32(0, bytes);
  append_little_endian(bytes, crc);
  return bytes;
}

}  // namespace

TEST_CASE("the snapshot format is what it always was", "[memory][snapshot]") {
  const TempFolder folder;
  REQUIRE(write_all(folder / "s", two_entries));
  CHECK(read_bytes(folder / "s") == golden);
  write_bytes(folder / "old", golden_1);
  CHECK(read_all(folder / "old").value() == two_entries);
}

TEST_CASE("a snapshot is for its owner only, and no temporary file stays", "[memory][snapshot]") {
  const TempFolder folder;
  write_bytes(folder / "s.cachekit-tmp", "left by a crash");
  REQUIRE(write_all(folder / "s", two_entries));
  struct stat status {};
  REQUIRE(::stat((folder / "s").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  CHECK_FALSE(std::filesystem::exists(folder / "s.cachekit-tmp"));
}

TEST_CASE("a snapshot that is cut off anywhere is damaged", "[memory][snapshot]") {
  const TempFolder folder;
  for (std::size_t length = 1; length < golden.size(); ++length) {
    write_bytes(folder / "s", std::string_view(golden).substr(0, length));
    const auto outcome = read_all(folder / "s");
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == Errc::decode);
  }
}

TEST_CASE("a snapshot with one wrong byte anywhere is damaged", "[memory][snapshot]") {
  const TempFolder folder;
  for (std::size_t at = 0; at < golden.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string bytes = golden;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      write_bytes(folder / "s", bytes);
      const auto outcome = read_all(folder / "s");
      REQUIRE_FALSE(outcome);
      const bool ours = at >= snapshot_magic.size();
      CHECK(outcome.error().code == (ours ? Errc::decode : Errc::rejected));
    }
  }
}

TEST_CASE("announced lengths and counts are never believed", "[memory][snapshot]") {
  const TempFolder folder;
  const std::string sound = golden.substr(0, golden.size() - 4);
  const std::string all_ones(8, '\xff');
  std::string huge_value = sound;
  huge_value.replace(48, 8, all_ones);
  std::string huge_key = sound;
  huge_key.replace(44, 4, all_ones.substr(4));
  std::string huge_count = sound;
  huge_count.replace(12, 8, all_ones);
  std::string small_count = sound;
  small_count[12] = '\1';
  for (const std::string& bytes : {huge_value, huge_key, huge_count, small_count}) {
    write_bytes(folder / "s", with_checksum(bytes));
    const auto outcome = read_all(folder / "s");
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == Errc::decode);
  }
}

TEST_CASE("a snapshot of a newer version is not called damaged", "[memory][snapshot]") {
  const TempFolder folder;
  std::string bytes = golden.substr(0, golden.size() - 4);
  bytes[8] = '\3';
  write_bytes(folder / "s", with_checksum(bytes));
  const auto outcome = read_all(folder / "s");
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::unsupported);
}

TEST_CASE("values larger than any buffer survive a snapshot", "[memory][snapshot]") {
  const TempFolder folder;
  std::vector<OwnedEntry> entries;
  for (std::size_t i = 0; i < 50; ++i) {
    entries.push_back({0, "k" + std::to_string(i), std::string(i * 20'011, static_cast<char>(i))});
  }
  REQUIRE(write_all(folder / "s", entries));
  CHECK(read_all(folder / "s").value() == entries);
}

TEST_CASE("no snapshot file means no entries", "[memory][snapshot]") {
  const TempFolder folder;
  CHECK(read_all(folder / "none").value().empty());
}

TEST_CASE("damaged snapshots are set aside under the first free number", "[memory][snapshot]") {
  const TempFolder folder;
  write_bytes(folder / "s.corrupt-1", "first");
  write_bytes(folder / "s", "second");
  std::filesystem::permissions(folder / "s", std::filesystem::perms{0640});
  REQUIRE(set_aside(folder / "s"));
  CHECK(read_bytes(folder / "s.corrupt-1") == "first");
  CHECK(read_bytes(folder / "s.corrupt-2") == "second");
  CHECK(read_bytes(folder / "s") == "second");  // Until another one takes its place.
  write_bytes(folder / "s", "");
  REQUIRE(write_all(folder / "s", {{0, "k", "v"}}));
  CHECK(std::filesystem::status(folder / "s").permissions() == std::filesystem::perms{0640});
  std::filesystem::remove(folder / "s");
  CHECK(set_aside(folder / "s"));  // Somebody has taken it away.
}

TEST_CASE("a snapshot does not replace what somebody else has put there meanwhile",
          "[memory][snapshot]") {
  const TempFolder folder;
  write_bytes(folder / "s", "Call the plumber.\n");
  const auto refused = write_all(folder / "s", {{0, "k", "v"}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::rejected);
  CHECK(read_bytes(folder / "s") == "Call the plumber.\n");
  CHECK_FALSE(std::filesystem::exists(folder / "s.cachekit-tmp"));
}
