#include "memcached/dialect.hpp"
#include "memcached/error_map.hpp"

#include <charconv>

#include <fmt/format.h>

namespace cachekit::memcached {
namespace {

// A real server gives some 100 lines.
constexpr std::size_t max_stats_bytes = std::size_t{1} << 20U;

Result<Step> read_stats(std::string_view line, Reply& reply) {
  reply.status = Reply::Status::done;
  if (line == "END") return Step{};
  if (!line.starts_with("STAT ") || reply.value.size() + line.size() > max_stats_bytes) {
    return unexpected_line(line);
  }
  reply.value.append(line.substr(5)).append(1, '\n');
  return Step{.last = false};
}

}  // namespace

void encode_plain(Verb verb, std::string& out) {
  switch (verb) {
    case Verb::probe:
      out += "mn\r\n";
      break;
    case Verb::version:
      out += "version\r\n";
      break;
    case Verb::stats:
      out += "stats\r\n";
      break;
    default:
      out += "flush_all\r\n";
      break;
  }
}

Result<Step> read_plain(std::string_view line, Verb verb, Reply& reply) {
  if (verb == Verb::stats) return read_stats(line, reply);
  reply.status = Reply::Status::done;
  if (verb == Verb::probe && line == "MN") return Step{};
  if (verb == Verb::flush_all && line == "OK") return Step{};
  if (verb == Verb::version && line.starts_with("VERSION ")) {
    reply.value = line.substr(8);
    return Step{};
  }
  return unexpected_line(line);
}

Result<void> encode(Dialect dialect, const Command& command, std::string& out) {
  if (is_plain(command.verb)) {
    encode_plain(command.verb, out);
    return {};
  }
  if (dialect == Dialect::classic) return encode_classic(command, out);
  encode_meta(command, out);
  return {};
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// By hand, since every hit has a length and few digits.
Result<std::size_t> parse_length(std::string_view text) {
  std::size_t length = 0;
  bool sound = !text.empty();
  for (const char c : text) {
    const auto digit = static_cast<unsigned>(c) - static_cast<unsigned>('0');
    length = length * 10 + digit;
    sound = sound && digit <= 9 && length <= max_announced_bytes;
    if (!sound) break;
  }
  if (sound) return length;
  return fail(Errc::protocol,
              fmt::format("the peer announced a value of \"{}\" bytes", printable(text)));
}

tl::unexpected<Error> unexpected_line(std::string_view line) {
  return fail(Errc::protocol,
              fmt::format("the peer answered \"{}\", which makes no sense here", printable(line)),
              {}, "check that a memcached server listens there");
}

}  // namespace cachekit::memcached
