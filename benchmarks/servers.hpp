#pragma once

#include "harness/results_json.hpp"
#include "key_space.hpp"
#include "support/servers.hpp"

#include <cachekit/backend.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace cachekit::bench {

/// The servers of a run, each started and filled when a row first asks for it; they are gone with
/// this object.
///
/// Threads: that which lives as long as the object.
class Servers {
 public:
  Servers() : keys_("key:", 10'000) {}

  /// What both hold, each key with its `value_of`.
  [[nodiscard]] const KeySpace& keys() const noexcept { return keys_; }

  [[nodiscard]] std::string host() const { return "127.0.0.1"; }
  [[nodiscard]] std::uint16_t redis_port();
  [[nodiscard]] std::uint16_t memcached_port();

  /// A backend of its own for every caller.
  [[nodiscard]] std::unique_ptr<CacheBackend> redis();
  [[nodiscard]] std::unique_ptr<CacheBackend> memcached();

  /// Of those that were started.
  [[nodiscard]] const Facts& versions() const noexcept { return versions_; }

 private:
  void welcome(CacheBackend& backend);

  KeySpace keys_;
  std::optional<test::RedisServer> redis_;
  std::optional<test::MemcachedServer> memcached_;
  Facts versions_;
};

}  // namespace cachekit::bench
