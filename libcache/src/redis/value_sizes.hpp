#pragma once

#include "net/large_keys.hpp"

#include <cachekit/error.hpp>
#include <cachekit/operation.hpp>

#include <optional>
#include <string>
#include <type_traits>

/// Which values are large, as far as operations tell: who reads one keeps out of the way of others.

namespace cachekit::redis {

template <typename Operation>
inline constexpr bool is_get =
    std::is_same_v<Operation, operation::Get> || std::is_same_v<Operation, operation::LeaseGet>;

/// The value that came, or null.
[[nodiscard]] inline const std::string* value_in(const std::optional<std::string>& got) noexcept {
  return got ? &*got : nullptr;
}
[[nodiscard]] inline const std::string* value_in(const Leased& got) noexcept {
  return value_in(got.value);
}

/// Whether the reply, it seems, is large.
template <typename Operation>
[[nodiscard]] bool expects_large(const net::LargeKeys& large, const Operation& operation) noexcept {
  if constexpr (is_get<Operation>) return large.contains(operation.key);
  return false;
}

/// Notes how large the value is that is stored.
template <typename Operation>
void note_stored(net::LargeKeys& large, const Operation& operation) noexcept {
  if constexpr (requires { operation.value; }) {
    large.note(operation.key, operation.value.size());
  }
}

/// Notes how large the value was that was got.
template <typename Operation>
void note_fetched(net::LargeKeys& large, const Operation& operation,
                  const Result<typename Operation::Value>& value) noexcept {
  if constexpr (is_get<Operation>) {
    const std::string* const fetched = value ? value_in(*value) : nullptr;
    if (fetched != nullptr) large.note(operation.key, fetched->size());
  }
}

}  // namespace cachekit::redis
