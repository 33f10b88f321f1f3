#pragma once

#include <cachekit/error.hpp>
#include <cachekit/export.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cachekit {

/// How the payload of an envelope is written. Numbers from 128 on are free for applications.
enum class CodecId : std::uint8_t {
  unspecified = 0,  ///< Only the entity's own code knows.
  raw = 1,          ///< Bytes as they are.
  json = 2,         ///< JSON text in UTF-8 (RFC 8259).
};

/// "raw", "json", "unspecified", or "application" for numbers that cachekit does not give out.
[[nodiscard]] CACHEKIT_API std::string_view to_string(CodecId codec) noexcept;

/// A moment on the wall clock, in the precision of an envelope.
using UnixMillis = std::chrono::sys_time<std::chrono::milliseconds>;

/// What the expander writes around each value, as read back; `docs/envelope.md` specifies the
/// bytes.
///
/// Lifetime: `payload` and `validator` point into the bytes that were decoded.
struct EnvelopeView {
  CodecId codec = CodecId::unspecified;
  std::uint32_t schema = 0;                ///< The entity's own version of the payload's shape.
  UnixMillis created{};                    ///< When the value came from its source.
  std::optional<UnixMillis> expiry{};      ///< Empty: it does not expire.
  std::chrono::microseconds load_cost{0};  ///< What the source took to give it; 0: not known.
  std::string_view payload{};
  /// What the source knows this version of the value by, such as an ETag; empty: nothing.
  std::string_view validator{};
  bool absent = false;  ///< There is no such entity, and so no payload.

  [[nodiscard]] bool expired_at(UnixMillis now) const noexcept { return expiry && *expiry <= now; }
};

/// Reads an envelope, checking every byte of it.
///
/// Errors: `decode`, saying what is wrong: no envelope, another version, cut short, changed bytes.
/// Cost: one pass over the bytes for the checksum; no copy.
[[nodiscard]] CACHEKIT_API Result<EnvelopeView> decode_envelope(std::string_view bytes);

/// Whether bytes begin as an envelope does; says nothing about the rest.
[[nodiscard]] CACHEKIT_API bool looks_like_envelope(std::string_view bytes) noexcept;

}  // namespace cachekit
