#include "memcached/dialect.hpp"
#include "memcached/key.hpp"

#include <fmt/format.h>

namespace cachekit::memcached {
namespace {

void append_key(std::string_view name, std::string_view key, std::string& out) {
  out += name;
  out += ' ';
  if (needs_base64(key)) {
    append_base64(key, out);
  } else {
    out += key;
  }
}

void append_flags(std::string_view key, std::string_view flags, std::string& out) {
  if (needs_base64(key)) out += " b";
  out += flags;
  out += "\r\n";
}

std::string_view mode_of(SetCondition condition) {
  switch (condition) {
    case SetCondition::if_absent:
      return " ME";
    case SetCondition::if_present:
      return " MR";
    case SetCondition::always:
      break;
  }
  return "";
}

void encode_store(const Command& command, std::string& out) {
  append_key("ms", command.key, out);
  out += fmt::format(" {}", command.value.size());
  append_flags(command.key, fmt::format(" T{}{}", command.expiry, mode_of(command.condition)), out);
  out += command.value;
  out += "\r\n";
}

void encode_increment(const Command& command, std::string& out) {
  append_key("ma", command.key, out);
  const bool down = command.delta < 0;
  append_flags(command.key,
               fmt::format(" N0 J{} D{}{} v", down ? 0 : command.delta, magnitude(command.delta),
                           down ? " MD" : ""),
               out);
}

}  // namespace

void encode_meta(const Command& command, std::string& out) {
  switch (command.verb) {
    case Verb::get:
      append_key("mg", command.key, out);
      return append_flags(command.key, " v", out);
    case Verb::exists:
      append_key("mg", command.key, out);
      return append_flags(command.key, "", out);
    case Verb::remaining_ttl:
      append_key("mg", command.key, out);
      return append_flags(command.key, " t", out);
    case Verb::touch:
      append_key("mg", command.key, out);
      return append_flags(command.key, fmt::format(" T{}", command.expiry), out);
    case Verb::remove:
      append_key("md", command.key, out);
      return append_flags(command.key, "", out);
    case Verb::increment:
      return encode_increment(command, out);
    default:
      return encode_store(command, out);
  }
}

}  // namespace cachekit::memcached
