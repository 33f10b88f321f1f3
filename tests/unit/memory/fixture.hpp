#pragma once

#include "support/catch.hpp"

#include <cachekit/memory.hpp>
#include <cachekit/virtual_runtime.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// A backend on a clock of its own, whose structures are checked when the test is over.
struct CheckedCache {
  explicit CheckedCache(cachekit::InMemoryConfig config = {}) : cache(std::move(config), runtime) {}
  CheckedCache(const CheckedCache&) = delete;
  CheckedCache& operator=(const CheckedCache&) = delete;
  ~CheckedCache() {
    const auto sound = cache.validate();
    CHECK((sound ? std::string() : sound.error().describe()) == "");
  }

  /// The value, or empty for a miss; an error fails the test.
  std::optional<std::string> get(std::string_view key) {
    const auto outcome = cache.get(key);
    REQUIRE(outcome);
    return *outcome;
  }
  void set(std::string_view key, std::string_view value,
           cachekit::Ttl ttl = cachekit::Ttl::none()) {
    const auto outcome = cache.set(key, value, {.ttl = ttl});
    REQUIRE(outcome);
    REQUIRE(*outcome);
  }
  cachekit::NodeStats stats() {
    auto report = cache.stats();
    REQUIRE(report.nodes.size() == 1);
    REQUIRE_FALSE(report.nodes[0].error);
    return std::move(report.nodes[0]);
  }

  cachekit::VirtualRuntime runtime{};
  cachekit::InMemoryBackend cache;
};

/// A folder that is gone after the test.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "cachekit-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(out.flush());
}
