#pragma once

#include "key_space.hpp"

#include <cachekit/backend.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cachekit::bench {

/// cachekit as it comes: one backend object for all threads, its options at their defaults but for
/// the budget of a call, so that a machine that hangs for a moment is no failed bench.
class CachekitClient {
 public:
  explicit CachekitClient(std::unique_ptr<CacheBackend> backend);

  void get(std::string_view key, std::size_t size);
  void set(std::string_view key, std::string_view value);
  /// One `get_many`.
  void get_many(std::span<const std::string_view> keys);

  [[nodiscard]] CacheBackend& backend() noexcept { return *backend_; }

 private:
  std::unique_ptr<CacheBackend> backend_;
};

/// Throws `BenchFailure` unless this is the whole value of the key.
void check_answer(std::string_view key, const Result<std::optional<std::string>>& answer,
                  std::size_t size = value_size);

/// Stores the value of every key.
void fill(CacheBackend& backend, const KeySpace& keys);

}  // namespace cachekit::bench
