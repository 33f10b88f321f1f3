#pragma once

#include <cachekit/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace cachekit::memcached {

/// What the server takes as a key on the wire, whatever its spelling.
inline constexpr std::size_t max_key_bytes = 250;
/// The longest key whose base64 text still fits into `max_key_bytes`.
inline constexpr std::size_t max_binary_key_bytes = max_key_bytes / 4 * 3;

/// Whether a key holds a byte that has a value on the wire (a space, a line end, another control
/// byte) and so must be sent as base64. Bytes from 0x80 on have none.
[[nodiscard]] bool needs_base64(std::string_view key) noexcept;

/// Whether the meta protocol can carry a key.
/// Errors: `invalid_argument` for an empty key or one that is too long.
[[nodiscard]] Result<void> check_key(std::string_view key);

/// Appends base64 text with padding (RFC 4648, section 4).
void append_base64(std::string_view bytes, std::string& out);

}  // namespace cachekit::memcached
