// The bytes around a cached value; docs/envelope.md is the specification. All numbers are little
// endian and are put together byte by byte, so neither alignment nor the machine's order matters.

#include "core/envelope.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

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

// Requires: position + sizeof(Number) <= from.size(). Cost: compilers make one load of it.
template <typename Number>
Number number_at(std::string_view from, std::size_t position) noexcept {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return static_cast<Number>(
        ((std::uint64_t{static_cast<unsigned char>(from[position + I])} << (8 * I)) | ...));
  }
  (std::make_index_sequence<sizeof(Number)>());
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

// What is wrong with an envelope. Its words are put together only where somebody wants them.
enum class Fault : std::uint8_t {
  none,
  mark,
  header_cut,
  version,
  length,
  checksum,
  flags,
  validator,
  value_of_none,
  times,
};

// Length, mark, version: what must hold before a checksum can be looked for.
Fault check_frame(std::string_view bytes) noexcept {
  if (!looks_like_envelope(bytes)) return Fault::mark;
  if (bytes.size() < envelope_header_bytes) return Fault::header_cut;
  if (number_at<std::uint8_t>(bytes, version_at) != format_version) return Fault::version;
  const std::uint64_t present = bytes.size() - envelope_header_bytes;
  return number_at<std::uint32_t>(bytes, length_at) == present ? Fault::none : Fault::length;
}

// Requires: the frame has been checked.
Fault read_fields(std::string_view bytes, EnvelopeView& view) noexcept {
  const std::string_view payload = bytes.substr(envelope_header_bytes);
  const auto flags = number_at<std::uint8_t>(bytes, flags_at);
  if (flags > absent_flag) return Fault::flags;
  view.absent = flags == absent_flag;
  const std::size_t validator_bytes = number_at<std::uint8_t>(bytes, validator_at);
  if (validator_bytes > payload.size()) return Fault::validator;
  if (view.absent && validator_bytes != payload.size()) return Fault::value_of_none;
  const auto created = number_at<std::uint64_t>(bytes, created_at);
  const auto expiry = number_at<std::uint64_t>(bytes, expiry_at);
  if (created > max_unix_ms || expiry > max_unix_ms) return Fault::times;
  view.codec = static_cast<CodecId>(number_at<std::uint8_t>(bytes, codec_at));
  view.schema = number_at<std::uint32_t>(bytes, schema_at);
  view.created = time_from(created);
  if (expiry != 0) view.expiry = time_from(expiry);
  view.load_cost = std::chrono::microseconds(number_at<std::uint32_t>(bytes, load_cost_at));
  view.validator = payload.substr(0, validator_bytes);
  view.payload = payload.substr(validator_bytes);
  return Fault::none;
}

std::string words_for(Fault fault, std::string_view bytes) {
  switch (fault) {
    case Fault::none:
      break;
    case Fault::mark:
      return "not an envelope: it does not begin with CKIT";
    case Fault::header_cut:
      return fmt::format("the envelope is cut short: {} bytes, its header alone has {}",
                         bytes.size(), envelope_header_bytes);
    case Fault::version:
      return fmt::format("envelope version {}; this reader knows {}",
                         number_at<std::uint8_t>(bytes, version_at), format_version);
    case Fault::length:
      return fmt::format("the envelope announces {} bytes of payload and has {}",
                         number_at<std::uint32_t>(bytes, length_at),
                         bytes.size() - envelope_header_bytes);
    case Fault::checksum:
      return "the envelope's checksum does not match: bytes were changed";
    case Fault::flags:
      return "the envelope has flags that this reader does not know";
    case Fault::validator:
      return "the envelope's validator is longer than what there is";
    case Fault::value_of_none:
      return "the envelope says that there is no value, and has one";
    case Fault::times:
      return "the envelope's times are beyond the year 9999";
  }
  return "the envelope is damaged";
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
  Result<EnvelopeView> view;
  Fault fault = check_frame(bytes);
  if (fault == Fault::none && checksum(bytes, bytes.substr(envelope_header_bytes)) !=
                                  number_at<std::uint32_t>(bytes, checksum_at)) {
    fault = Fault::checksum;
  }
  if (fault == Fault::none) fault = read_fields(bytes, *view);
  if (fault != Fault::none) view = fail(Errc::decode, words_for(fault, bytes));
  return view;
}

bool read_trusted_envelope(std::string_view bytes, EnvelopeView& view) noexcept {
  return check_frame(bytes) == Fault::none && read_fields(bytes, view) == Fault::none;
}

}  // namespace cachekit
