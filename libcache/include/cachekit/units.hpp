#pragma once

#include <cachekit/error.hpp>
#include <cachekit/export.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace cachekit {

/// An amount of memory in bytes.
struct Bytes {
  std::uint64_t count = 0;
  friend constexpr auto operator<=>(const Bytes&, const Bytes&) = default;
};

[[nodiscard]] constexpr Bytes kibibytes(std::uint64_t n) noexcept { return {n << 10U}; }
[[nodiscard]] constexpr Bytes mebibytes(std::uint64_t n) noexcept { return {n << 20U}; }
[[nodiscard]] constexpr Bytes gibibytes(std::uint64_t n) noexcept { return {n << 30U}; }

/// Reads "500ms", "30s", "5m", "1h30m", "7d", also "1.5s"; units ms, s, m, h, d, w.
/// Errors: `invalid_argument` for a missing unit, one that is named twice, a negative or empty
/// text, an overflow.
[[nodiscard]] CACHEKIT_API Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Reads "64KiB", "1GiB", "10MB", "512" (bytes); units B, KB, MB, GB, KiB, MiB, GiB, TiB; the case
/// of the letters does not matter. A fraction of a larger unit rounds down to bytes ("1.1KiB").
/// Errors: `invalid_argument` for an unknown unit, a fraction of a byte, a negative or empty text,
/// an overflow.
[[nodiscard]] CACHEKIT_API Result<Bytes> parse_bytes(std::string_view text);

/// The shortest text that `parse_duration` reads back: "1h30m", "500ms", "0ms".
[[nodiscard]] CACHEKIT_API std::string format_duration(std::chrono::milliseconds duration);

/// Exact where a binary unit divides it ("64MiB"), else one decimal ("1.5KiB").
[[nodiscard]] CACHEKIT_API std::string format_bytes(Bytes bytes);

}  // namespace cachekit
