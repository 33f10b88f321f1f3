#include "memcached/dialect.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::memcached {
namespace {

using Status = Reply::Status;

Result<Step> answer(Reply& reply, Status status) {
  reply.status = status;
  return Step{};
}

// Of the words behind the flags: how long the value is, and of `gets` which version.
Result<Step> read_announcement(std::string_view words, const Command& command, Reply& reply) {
  std::string_view length = words;
  if (command.verb == Verb::gets) {
    const std::size_t version_at = std::min(words.find(' '), words.size());
    length = words.substr(0, version_at);
    const auto version = parse_decimal(words.substr(std::min(version_at + 1, words.size())));
    if (!version) return fail(Errc::protocol, "the peer answered gets without a version");
    reply.version = *version;
  }
  Result<std::size_t> bytes = parse_length(length);
  if (!bytes) return fail(std::move(bytes).error());
  return Step{.last = false, .data_bytes = *bytes};
}

// A hit is "VALUE key flags bytes", of `gets` with the version behind it, the data and "END"; a
// miss is "END" alone.
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
  return read_announcement(rest.substr(length_at + 1), command, reply);
}

Result<Step> read_number(std::string_view line, Reply& reply) {
  if (line == "NOT_FOUND") return answer(reply, Status::missing);
  // Old servers pad a number that lost digits with spaces.
  const auto number = parse_decimal(line.substr(0, line.find(' ')));
  if (!number) return unexpected_line(line);
  reply.number = *number;
  return answer(reply, Status::done);
}

// What a store of one version is answered.
Result<Step> read_versioned(std::string_view line, Reply& reply) {
  if (line == "STORED") return answer(reply, Status::done);
  if (line == "EXISTS" || line == "NOT_FOUND") return answer(reply, Status::refused);
  return unexpected_line(line);
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
  if (carries_value(command) && command.version != 0) return read_versioned(line, reply);
  switch (command.verb) {
    case Verb::get:
    case Verb::gets:
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
