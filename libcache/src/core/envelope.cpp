// The bytes around a cached value; docs/envelope.md is the specification. All numbers are little
// endian and are put together byte by byte, so neither alignment nor the machine's order matters.

#include "core/envelope.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <zlib.h>

namespace cachekit {
namespace {

constexpr std::string_view magic = "CKIT";
constexpr std::uint8_t format_version = 1;
constexpr std::uint64_t max_unix_ms = 253'402'300'799'999;  // The last millisecond of year 9999.

constexpr std::uint64_t absent_flag = 1;

constexpr std::size_t version_at = 4;
constexpr std::size_t flags_at = 5;
constexpr std::size_t codec_at = 6;
constexpr std::size_t validator_at = 7;
constexpr std::size_t created_at = 8;
constexpr std::size_t expiry_at = 16;
constexpr std::size_t load_cost_at = 24;
constexpr std::size_t schema_at = 28;
constexpr std::size_t length_at = 32;
constexpr std::size_t checksum_at = 36;
static_assert(checksum_at + 4 == envelope_header_bytes);

void append_number(std::string& out, std::uint64_t number, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i)
    out.push_back(static_cast<char>((number >> (8 * i)) & 0xFFU));
}

// Requires: position + bytes <= from.size().
std::uint64_t number_at(std::string_view from, std::size_t position, unsigned bytes) noexcept {
  std::uint64_t number = 0;
  for (unsigned i = 0; i < bytes; ++i) {
    number |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[position + i])) << (8 * i);
  }
  return number;
}

std::uint32_t checksum(std::string_view header, std::string_view payload) noexcept {
  const auto add = [](uLong sum, std::string_view bytes) {
    return crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  };
  return static_cast<std::uint32_t>(add(add(0, header.substr(0, checksum_at)), payload));
}

std::uint64_t unix_ms(UnixMillis time) noexcept {
  const auto since = time.time_since_epoch().count();
  return std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0)), max_unix_ms);
}

UnixMillis time_from(std::uint64_t ms) noexcept {
  return UnixMillis(std::chrono::milliseconds(static_cast<std::int64_t>(ms)));
}

// Length, mark, version: what must hold before a checksum can be looked for.
Result<void> check_frame(std::string_view bytes) {
  if (!looks_like_envelope(bytes)) {
    return fail(Errc::decode, "not an envelope: it does not begin with CKIT");
  }
  if (bytes.size() < envelope_header_bytes) {
    return fail(Errc::decode,
                fmt::format("the envelope is cut short: {} bytes, its header alone has {}",
                            bytes.size(), envelope_header_bytes));
  }
  if (const auto found = number_at(bytes, version_at, 1); found != format_version) {
    return fail(Errc::decode,
                fmt::format("envelope version {}; this reader knows {}", found, format_version));
  }
  const std::uint64_t announced = number_at(bytes, length_at, 4);
  const std::uint64_t present = bytes.size() - envelope_header_bytes;
  if (announced != present) {
    return fail(Errc::decode, fmt::format("the envelope announces {} bytes of payload and has {}",
                                          announced, present));
  }
  return {};
}

// Requires: the frame has been checked.
Result<EnvelopeView> read_fields(std::string_view bytes) {
  const std::string_view payload = bytes.substr(envelope_header_bytes);
  const std::uint64_t flags = number_at(bytes, flags_at, 1);
  if (flags > absent_flag) {
    return fail(Errc::decode, "the envelope has flags that this reader does not know");
  }
  const std::uint64_t validator_bytes = number_at(bytes, validator_at, 1);
  if (validator_bytes > payload.size()) {
    return fail(Errc::decode, "the envelope's validator is longer than what there is");
  }
  if (flags == absent_flag && validator_bytes != payload.size()) {
    return fail(Errc::decode, "the envelope says that there is no value, and has one");
  }
  const std::uint64_t created = number_at(bytes, created_at, 8);
  const std::uint64_t expiry = number_at(bytes, expiry_at, 8);
  if (created > max_unix_ms || expiry > max_unix_ms) {
    return fail(Errc::decode, "the envelope's times are beyond the year 9999");
  }
  EnvelopeView view;
  view.codec = static_cast<CodecId>(number_at(bytes, codec_at, 1));
  view.schema = static_cast<std::uint32_t>(number_at(bytes, schema_at, 4));
  view.created = time_from(created);
  if (expiry != 0) view.expiry = time_from(expiry);
  view.load_cost = std::chrono::microseconds(number_at(bytes, load_cost_at, 4));
  view.validator = payload.substr(0, validator_bytes);
  view.payload = payload.substr(validator_bytes);
  view.absent = flags == absent_flag;
  return view;
}

}  // namespace

std::string_view to_string(CodecId codec) noexcept {
  switch (codec) {
    case CodecId::unspecified:
      return "unspecified";
    case CodecId::raw:
      return "raw";
    case CodecId::json:
      return "json";
  }
  return "application";
}

bool looks_like_envelope(std::string_view bytes) noexcept { return bytes.starts_with(magic); }

Result<std::string> encode_envelope(const EnvelopeView& envelope) {
  constexpr std::uint64_t u32_max = std::numeric_limits<std::uint32_t>::max();
  if (envelope.validator.size() > max_validator_bytes) {
    return fail(Errc::invalid_argument,
                fmt::format("a validator of {} bytes; an envelope has room for {}",
                            envelope.validator.size(), max_validator_bytes));
  }
  const std::uint64_t length = envelope.validator.size() + envelope.payload.size();
  if (length > u32_max) {
    return fail(Errc::too_large, fmt::format("a payload of {} bytes is over the envelope's 4 GiB",
                                             envelope.payload.size()));
  }
  const auto cost = std::clamp<std::int64_t>(envelope.load_cost.count(), 0, u32_max);
  std::string out;
  out.reserve(envelope_header_bytes + length);
  out.append(magic);
  append_number(out, format_version, 1);
  append_number(out, envelope.absent ? absent_flag : 0, 1);
  append_number(out, static_cast<std::uint8_t>(envelope.codec), 1);
  append_number(out, envelope.validator.size(), 1);
  append_number(out, unix_ms(envelope.created), 8);
  // 0 says "does not expire", so an expiry at the very epoch becomes the millisecond after it.
  append_number(out, envelope.expiry ? std::max<std::uint64_t>(unix_ms(*envelope.expiry), 1) : 0,
                8);
  append_number(out, static_cast<std::uint64_t>(cost), 4);
  append_number(out, envelope.schema, 4);
  append_number(out, length, 4);
  out.append(checksum_at + 4 - out.size(), '\0');
  out.append(envelope.validator).append(envelope.payload);
  const std::string_view all = out;
  std::string sum;
  append_number(sum, checksum(all, all.substr(envelope_header_bytes)), 4);
  return out.replace(checksum_at, 4, sum);
}

Result<EnvelopeView> decode_envelope(std::string_view bytes) {
  if (Result<void> frame = check_frame(bytes); !frame) return fail(std::move(frame).error());
  if (checksum(bytes, bytes.substr(envelope_header_bytes)) != number_at(bytes, checksum_at, 4)) {
    return fail(Errc::decode, "the envelope's checksum does not match: bytes were changed");
  }
  return read_fields(bytes);
}

Result<EnvelopeView> decode_trusted_envelope(std::string_view bytes) {
  if (Result<void> frame = check_frame(bytes); !frame) return fail(std::move(frame).error());
  return read_fields(bytes);
}

}  // namespace cachekit
