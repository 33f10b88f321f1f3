#pragma once

#include <cachekit/backend.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace cachekit::test {

/// The backends, and the ways to reach them, that keep to the one specification in this folder.
enum class Kind { memory, redis, redis_unix, memcached, memcached_three };

inline constexpr std::array all_kinds{Kind::memory, Kind::redis, Kind::redis_unix, Kind::memcached,
                                      Kind::memcached_three};

[[nodiscard]] std::string_view to_string(Kind kind) noexcept;

/// A backend of this kind, over servers that the whole program shares. Not connected.
[[nodiscard]] std::unique_ptr<CacheBackend> make_backend(Kind kind);

/// One backend under test, with keys that no other test has used.
class Subject {
 public:
  explicit Subject(Kind kind);

  [[nodiscard]] CacheBackend* operator->() const noexcept { return backend_.get(); }
  [[nodiscard]] CacheBackend& operator*() const noexcept { return *backend_; }
  /// A key of this subject's own.
  [[nodiscard]] std::string key(std::string_view name) const { return prefix_ + std::string(name); }
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }
  [[nodiscard]] std::size_t nodes() const noexcept;
  /// A value of this size is too large, be it for our own bound or for the server's.
  [[nodiscard]] std::size_t oversize() const;

 private:
  Kind kind_;
  std::unique_ptr<CacheBackend> backend_;
  std::string prefix_;
};

}  // namespace cachekit::test

/// Runs the rest of the test case once for each backend, each time with a new `Subject cache`.
#define CACHEKIT_FOR_EACH_BACKEND(cache)                                                        \
  const cachekit::test::Kind kind_of_##cache = GENERATE(from_range(cachekit::test::all_kinds)); \
  INFO("backend: " << to_string(kind_of_##cache));                                              \
  const cachekit::test::Subject cache(kind_of_##cache)
