#pragma once

#include <cachekit/error.hpp>
#include <cachekit/export.hpp>
#include <cachekit/ttl.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace cachekit {

/// Where a fetched value came from.
enum class Origin : std::uint8_t {
  none,  ///< There is no value: by the cache where `miss` is `none`, else by the source or nobody.
  cache,
  source,
  stale,  ///< The cache, past the entry's expiry: see `FetchPolicy::stale_for`.
};

/// Whose load a caller waited for instead of its own.
enum class WaitedFor : std::uint8_t {
  nobody,
  caller,   ///< Another caller of this expander.
  process,  ///< Another process, by the backend's leases.
};

/// Why the cache did not answer.
enum class MissReason : std::uint8_t {
  none,            ///< It did.
  absent,          ///< It holds no such entry.
  cache_error,     ///< It could not be asked; `FetchInfo::cache_error` says why.
  undecodable,     ///< The entry was damaged or not written by the expander.
  expired,         ///< The entry was there, past its expiry.
  schema_changed,  ///< The entry was written for another schema or codec of this type.
  bypassed,        ///< It was not asked (`Strategy::bypass`).
  invalidated,     ///< It was not asked, its entry dropped (`Strategy::invalidate`).
  due,             ///< It could, but the entry was refreshed ahead (`FetchPolicy::refresh_ahead`).
};

/// The enumerator's name, such as "schema_changed".
[[nodiscard]] CACHEKIT_API std::string_view to_string(Origin origin) noexcept;
[[nodiscard]] CACHEKIT_API std::string_view to_string(MissReason reason) noexcept;
[[nodiscard]] CACHEKIT_API std::string_view to_string(WaitedFor waited_for) noexcept;

/// How an answer came about.
struct FetchInfo {
  Origin origin = Origin::none;
  MissReason miss = MissReason::none;
  WaitedFor waited_for = WaitedFor::nobody;
  std::chrono::milliseconds age{0};  ///< Since the value left its source.
  /// What is left of the entry's life, `Ttl::none()` for no end; empty when none is in the cache.
  std::optional<Ttl> remaining{};
  /// What went wrong with the cache meanwhile, reading or storing; the answer is good all the same.
  std::optional<Error> cache_error{};
  /// Why the source did not answer, where a stale value does.
  std::optional<Error> load_error{};
};

/// An entity that was asked for, or the knowledge that there is none, and how that came about.
template <typename T>
struct Fetched : FetchInfo {
  std::optional<T> value{};

  [[nodiscard]] bool has_value() const noexcept { return value.has_value(); }
  [[nodiscard]] explicit operator bool() const noexcept { return value.has_value(); }
  /// Requires: `has_value()`.
  [[nodiscard]] const T& operator*() const& noexcept { return *value; }
  [[nodiscard]] T& operator*() & noexcept { return *value; }
  [[nodiscard]] T&& operator*() && noexcept { return *std::move(value); }
  [[nodiscard]] const T* operator->() const noexcept { return &*value; }
  [[nodiscard]] T* operator->() noexcept { return &*value; }
};

}  // namespace cachekit
