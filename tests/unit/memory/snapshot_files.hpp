#pragma once

#include "fixture.hpp"

#include <chrono>
#include <filesystem>
#include <string_view>

namespace cachekit::test {

inline InMemoryConfig saved_in(const std::filesystem::path& file) {
  return {.snapshot_file = file, .connection_timeout = std::chrono::milliseconds(50)};
}

/// Stores one entry and writes it to the file.
inline void save(const std::filesystem::path& file, std::string_view key, std::string_view value) {
  CheckedCache t(saved_in(file));
  t.set(key, value);
  REQUIRE(t.cache.flush());
}

}  // namespace cachekit::test
