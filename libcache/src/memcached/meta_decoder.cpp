#include "memcached/dialect.hpp"

#include <limits>
#include <optional>
#include <utility>

namespace cachekit::memcached {
namespace {

using Status = Reply::Status;

bool gives_value(Verb verb) { return verb == Verb::get || verb == Verb::increment; }

bool is_lookup(Verb verb) {
  return verb == Verb::get || verb == Verb::exists || verb == Verb::remaining_ttl ||
         verb == Verb::touch;
}

// "HD t-1" for no expiry, "HD t300" for seconds.
Result<Step> read_ttl(std::string_view line, Reply& reply) {
  if (!line.starts_with("HD t")) return unexpected_line(line);
  std::string_view text = line.substr(4);
  text = text.substr(0, text.find(' '));
  reply.status = Status::done;
  if (text == "-1") return Step{};
  const auto seconds = parse_decimal(text);
  if (!seconds || *seconds > std::numeric_limits<std::uint32_t>::max()) {
    return unexpected_line(line);
  }
  reply.seconds = static_cast<std::int64_t>(*seconds);
  return Step{};
}

Result<Step> answered(Reply& reply, Status status) {
  reply.status = status;
  return Step{};
}

constexpr unsigned pair(char first, char second) {
  return static_cast<unsigned char>(first) * 256U + static_cast<unsigned char>(second);
}

// The two letters that a reply begins with, as one number; 0 if it does not begin with a word of
// two.
unsigned code_of(std::string_view line) {
  if (line.size() < 2 || (line.size() > 2 && line[2] != ' ')) return 0;
  return pair(line[0], line[1]);
}

// "VA 5" and perhaps flags.
Result<Step> read_value(std::string_view line, Reply& reply) {
  if (line.size() <= 3) return unexpected_line(line);
  reply.status = Status::done;
  const std::string_view rest = line.substr(3);
  Result<std::size_t> bytes = parse_length(rest.substr(0, rest.find(' ')));
  if (!bytes) return fail(std::move(bytes).error());
  return Step{.data_bytes = *bytes};
}

// What a code means to a command; empty for nonsense.
std::optional<Status> meaning_of(unsigned code, Verb verb) {
  switch (code) {
    case pair('H', 'D'):
      if (!gives_value(verb)) return Status::done;
      break;
    case pair('E', 'N'):
      if (is_lookup(verb)) return Status::missing;
      break;
    case pair('N', 'F'):
      if (verb == Verb::remove || verb == Verb::increment) return Status::missing;
      if (verb == Verb::store) return Status::refused;
      break;
    case pair('N', 'S'):
      // To an increment: it found no entry and lost the race to create one.
      if (verb == Verb::increment) return Status::missing;
      if (verb == Verb::store) return Status::refused;
      break;
    case pair('E', 'X'):
      if (verb == Verb::store) return Status::refused;
      break;
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace

Result<Step> read_meta(std::string_view line, const Command& command, Reply& reply) {
  const Verb verb = command.verb;
  const unsigned code = code_of(line);
  if (code == pair('V', 'A') && gives_value(verb)) return read_value(line, reply);
  const std::optional<Status> status = meaning_of(code, verb);
  if (verb == Verb::remaining_ttl && status != Status::missing) return read_ttl(line, reply);
  if (!status) return unexpected_line(line);
  return answered(reply, *status);
}

}  // namespace cachekit::memcached
