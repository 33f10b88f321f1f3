#pragma once

#include <cachekit/memory.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <oneapi/tbb/concurrent_hash_map.h>

namespace cachekit::bench {

/// cachekit's in-process cache, bounded.
class MemoryCache {
 public:
  explicit MemoryCache(InMemoryConfig config) : backend_(std::move(config)) {}

  std::optional<std::string> get(std::string_view key) { return *backend_.get(key); }
  void set(std::string_view key, std::string_view value) {
    static_cast<void>(backend_.set(key, value));
  }
  [[nodiscard]] InMemoryBackend& backend() noexcept { return backend_; }

 private:
  InMemoryBackend backend_;
};

/// The hash map for many threads that a program would take otherwise: it is not bounded, and evicts
/// nothing. The same calls: keys are views, a value comes as a string of its own.
class TbbMap {
 public:
  explicit TbbMap(std::size_t keys) : map_(2 * keys) {}

  std::optional<std::string> get(std::string_view key) {
    Map::const_accessor found;
    if (!map_.find(found, std::string(key))) return std::nullopt;
    return found->second;
  }
  void set(std::string_view key, std::string_view value) {
    Map::accessor place;
    map_.insert(place, std::string(key));
    place->second = value;
  }

 private:
  using Map = tbb::concurrent_hash_map<std::string, std::string>;
  Map map_;
};

}  // namespace cachekit::bench
