#include "memcached/dialect.hpp"
#include "memcached/reply_shape.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace cachekit::memcached {
namespace {

using Status = Reply::Status;

bool gives_value(Verb verb) {
  return verb == Verb::get || verb == Verb::gets || verb == Verb::inspect ||
         verb == Verb::increment;
}

bool is_lookup(Verb verb) {
  return verb == Verb::get || verb == Verb::gets || verb == Verb::inspect || verb == Verb::exists ||
         verb == Verb::remaining_ttl || verb == Verb::touch;
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

// "c12", "f0" or "t-1".
bool read_flag(std::string_view flag, Reply& reply) {
  if (flag == "t-1") return true;
  const char name = flag.empty() ? ' ' : flag.front();
  if (name != 'c' && name != 'f' && name != 't') return true;
  const std::optional<std::uint64_t> number = parse_decimal(flag.substr(1));
  if (!number || (name != 'c' && *number > std::numeric_limits<std::uint32_t>::max())) return false;
  if (name == 'c') reply.version = *number;
  if (name == 'f') reply.client_flags = static_cast<std::uint32_t>(*number);
  if (name == 't') reply.seconds = static_cast<std::int64_t>(*number);
  return true;
}

bool read_flags(std::string_view flags, Reply& reply) {
  while (!flags.empty()) {
    const std::string_view flag = flags.substr(0, flags.find(' '));
    if (!read_flag(flag, reply)) return false;
    flags.remove_prefix(std::min(flag.size() + 1, flags.size()));
  }
  return true;
}

// "VA 5" and perhaps flags.
Result<Step> read_value(std::string_view line, const Command& command, Reply& reply) {
  if (line.size() <= 3) return unexpected_line(line);
  reply.status = Status::done;
  const std::string_view rest = line.substr(3);
  const std::string_view length = rest.substr(0, rest.find(' '));
  Result<std::size_t> bytes = parse_length(length);
  if (!bytes) return fail(std::move(bytes).error());
  const std::string_view flags = rest.substr(length.size());
  if (!fit(flags, command) || !read_flags(flags, reply)) return unexpected_line(line);
  return Step{.data_bytes = *bytes};
}

// What a code means to a command; empty for nonsense.
std::optional<Status> status_of(unsigned code, const Command& command) {
  const Verb verb = command.verb;
  const bool of_version = command.version != 0;
  switch (code) {
    case pair('H', 'D'):
      if (!gives_value(verb)) return Status::done;
      break;
    case pair('E', 'N'):
      if (is_lookup(verb)) return Status::missing;
      break;
    case pair('N', 'F'):
      if (verb == Verb::remove) return Status::missing;
      if (verb == Verb::increment && of_version) return Status::missing;
      if (verb == Verb::store && of_version) return Status::refused;
      break;
    case pair('N', 'S'):
      // To an increment: it found no entry and lost the race to create one.
      if (verb == Verb::increment && !of_version) return Status::missing;
      if (verb == Verb::store && !of_version) return Status::refused;
      break;
    case pair('E', 'X'):
      if (!is_lookup(verb) && of_version) return Status::refused;
      break;
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace

Result<Step> read_meta(std::string_view line, const Command& command, Reply& reply) {
  const unsigned code = code_of(line);
  if (code == pair('V', 'A') && gives_value(command.verb)) return read_value(line, command, reply);
  const std::optional<Status> status = status_of(code, command);
  if (!status) return unexpected_line(line);
  const std::string_view flags = line.substr(2);
  // Where there is nothing, or nothing was done, nothing is told of it.
  const bool told = *status == Status::done ? fit(flags, command) && read_flags(flags, reply)
                                            : fit(flags, {.verb = Verb::get, .key = command.key});
  if (!told) return unexpected_line(line);
  return answered(reply, *status);
}

}  // namespace cachekit::memcached
