#include "memcached/dialect.hpp"

#include <limits>

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

Result<Step> answer(Reply& reply, Status status) {
  reply.status = status;
  return Step{};
}

}  // namespace

Result<Step> read_meta(std::string_view line, const Command& command, Reply& reply) {
  const Verb verb = command.verb;
  const std::string_view code = line.substr(0, line.find(' '));
  if (code == "VA" && gives_value(verb) && line.size() > 3) {
    reply.status = Status::done;
    const std::string_view rest = line.substr(3);
    return parse_length(rest.substr(0, rest.find(' '))).map([](std::size_t bytes) {
      return Step{.data_bytes = bytes};
    });
  }
  if (code == "EN" && is_lookup(verb)) return answer(reply, Status::missing);
  // "NS" to an increment: it found no entry and lost the race to create one.
  if (verb == Verb::increment && (code == "NF" || code == "NS")) {
    return answer(reply, Status::missing);
  }
  if (verb == Verb::remove && code == "NF") return answer(reply, Status::missing);
  if (verb == Verb::store && (code == "NS" || code == "EX" || code == "NF")) {
    return answer(reply, Status::refused);
  }
  if (verb == Verb::remaining_ttl) return read_ttl(line, reply);
  if (code == "HD" && !gives_value(verb)) return answer(reply, Status::done);
  return unexpected_line(line);
}

}  // namespace cachekit::memcached
