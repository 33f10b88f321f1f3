#include "core/file_replacement.hpp"

#include "support/catch.hpp"
#include "support/temp_dir.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

using namespace cachekit;
using core::FileReplacement;
using std::filesystem::path;
using Name = FileReplacement::Name;

namespace {

void put(const path& file, std::string_view bytes) { std::ofstream(file) << bytes; }

std::string text_of(const path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct stat look_at(const path& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return status;
}

Result<void> replace(const path& file, std::string_view bytes, Name name = Name::under_lock) {
  return FileReplacement::begin(file, name, 0600).and_then([&](FileReplacement begun) {
    return begun.file().write(bytes).and_then([&] { return begun.commit(true); });
  });
}

}  // namespace

TEST_CASE("a replaced file keeps its permissions, a new one has those asked for", "[core]") {
  const test::TempDir folder;
  for (const Name name : {Name::under_lock, Name::unique}) {
    const path file = folder / (name == Name::unique ? "unique" : "locked");
    REQUIRE(replace(file, "new", name));
    CHECK((look_at(file).st_mode & 07777U) == 0600U);
    for (const mode_t mode : {0660U, 0604U, 0400U}) {
      REQUIRE(::chmod(file.c_str(), mode) == 0);
      REQUIRE(replace(file, "newer", name));
      CHECK((look_at(file).st_mode & 07777U) == mode);
      CHECK(text_of(file) == "newer");
    }
  }
}

TEST_CASE("a replaced file keeps its owner and its group", "[core]") {
  const test::TempDir folder;
  put(folder / "f", "old");
  const bool root = ::geteuid() == 0;  // Who else cannot give files away.
  const uid_t owner = root ? 4711 : ::geteuid();
  const gid_t group = root ? 4712 : ::getegid();
  REQUIRE(::chown((folder / "f").c_str(), owner, group) == 0);
  REQUIRE(replace(folder / "f", "new"));
  CHECK(look_at(folder / "f").st_uid == owner);
  CHECK(look_at(folder / "f").st_gid == group);
}

TEST_CASE("a symbolic link stays one, and what it leads to is replaced", "[core]") {
  const test::TempDir folder;
  std::filesystem::create_directories(folder / "real");
  put(folder / "real/f", "old");
  std::filesystem::create_symlink("real/f", folder / "one");
  std::filesystem::create_symlink(folder / "one", folder / "two");
  std::filesystem::create_directory_symlink("real", folder / "folder");
  for (const std::string name : {"one", "two", "folder/f"}) {
    INFO(name);
    REQUIRE(replace(folder / name, name));
    CHECK(text_of(folder / "real/f") == name);
    CHECK(core::resolve_file(folder / name) == core::resolve_file(folder / "real/f"));
  }
  CHECK(std::filesystem::is_symlink(folder / "one"));
  CHECK(std::filesystem::is_symlink(folder / "two"));
}

TEST_CASE("a link to what is not there yet leads to a new file", "[core]") {
  const test::TempDir folder;
  std::filesystem::create_symlink("later", folder / "link");
  REQUIRE(replace(folder / "link", "bytes"));
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(text_of(folder / "later") == "bytes");
}

TEST_CASE("a link planted at the temporary name is not followed", "[core]") {
  const test::TempDir folder;
  put(folder / "victim", "precious");
  std::filesystem::create_symlink(folder / "victim", folder / "f.cachekit-tmp");
  REQUIRE(replace(folder / "f", "bytes"));
  CHECK(text_of(folder / "victim") == "precious");
  CHECK(text_of(folder / "f") == "bytes");
}

TEST_CASE("links in a circle and what is no file are refused", "[core]") {
  const test::TempDir folder;
  std::filesystem::create_symlink("b", folder / "a");
  std::filesystem::create_symlink("a", folder / "b");
  std::filesystem::create_directories(folder / "folder");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  for (const std::string name : {"a", "folder", "pipe"}) {
    INFO(name);
    const Result<void> outcome = replace(folder / name, "bytes");
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == Errc::rejected);
  }
  CHECK(S_ISFIFO(look_at(folder / "pipe").st_mode));
}

TEST_CASE("what was not committed leaves nothing behind", "[core]") {
  const test::TempDir folder;
  put(folder / "f", "old");
  for (const Name name : {Name::under_lock, Name::unique}) {
    REQUIRE(FileReplacement::begin(folder / "f", name, 0600));
  }
  CHECK(text_of(folder / "f") == "old");
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "."), {}) == 1);
}
