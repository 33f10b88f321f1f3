#pragma once

#include <cachekit/envelope.hpp>

#include <string>

namespace cachekit {

/// The header's size; the payload follows it.
inline constexpr std::size_t envelope_header_bytes = 40;

inline constexpr std::size_t max_validator_bytes = 255;

/// Reads an envelope as `decode_envelope` does, but for its checksum: for bytes that have not left
/// the process. False where it cannot be read. Requires: `view` is as it was made.
[[nodiscard]] bool read_trusted_envelope(std::string_view bytes, EnvelopeView& view) noexcept;

/// Writes the bytes that `decode_envelope` reads.
///
/// Times outside the years 1970 to 9999 and a load cost above 32 bits are moved to the nearest
/// bound. Errors: `too_large` for a payload of 4 GiB or more, `invalid_argument` for a validator of
/// more than 255 bytes.
[[nodiscard]] Result<std::string> encode_envelope(const EnvelopeView& envelope);

}  // namespace cachekit
