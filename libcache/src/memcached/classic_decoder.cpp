#include "memcached/dialect.hpp"

#include <utility>

namespace cachekit::memcached {
namespace {

using Status = Reply::Status;

Result<Step> answer(Reply& reply, Status status) {
  reply.status = status;
  return Step{};
}

// A hit is "VALUE key flags bytes", the data and "END"; a miss is "END" alone.
Result<Step> read_lookup(std::string_view line, const Command& command, Reply& reply) {
  const bool first = reply.status == Status::pending;
  if (line == "END") return answer(reply, first ? Status::missing : Status::done);
  std::string_view rest = line;
  for (const std::string_view part : {std::string_view("VALUE "), command.key}) {
    if (!first || !rest.starts_with(part)) return unexpected_line(line);
    rest.remove_prefix(part.size());
  }
  const std::size_t length_at = rest.find(' ', 1);
  if (!rest.starts_with(' ') || length_at == std::string_view::npos) return unexpected_line(line);
  reply.status = Status::done;
  Result<std::size_t> bytes = parse_length(rest.substr(length_at + 1));
  if (!bytes) return fail(std::move(bytes).error());
  return Step{.last = false, .data_bytes = *bytes};
}

Result<Step> read_number(std::string_view line, Reply& reply) {
  if (line == "NOT_FOUND") return answer(reply, Status::missing);
  // Old servers pad a number that lost digits with spaces.
  const auto number = parse_decimal(line.substr(0, line.find(' ')));
  if (!number) return unexpected_line(line);
  reply.number = *number;
  return answer(reply, Status::done);
}

// The word for "done" and the one for "no" of the commands that answer one word.
Result<Step> read_word(std::string_view line, Reply& reply, std::string_view yes,
                       std::string_view no, Status status_of_no) {
  if (line == yes) return answer(reply, Status::done);
  if (line == no) return answer(reply, status_of_no);
  return unexpected_line(line);
}

}  // namespace

Result<Step> read_classic(std::string_view line, const Command& command, Reply& reply) {
  switch (command.verb) {
    case Verb::get:
    case Verb::inspect:
    case Verb::exists:
      return read_lookup(line, command, reply);
    case Verb::increment:
      return read_number(line, reply);
    case Verb::store:
      return read_word(line, reply, "STORED", "NOT_STORED", Status::refused);
    case Verb::remove:
      return read_word(line, reply, "DELETED", "NOT_FOUND", Status::missing);
    case Verb::touch:
      return read_word(line, reply, "TOUCHED", "NOT_FOUND", Status::missing);
    default:
      return unexpected_line(line);
  }
}

}  // namespace cachekit::memcached
