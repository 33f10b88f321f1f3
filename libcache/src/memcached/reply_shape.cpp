#include "memcached/reply_shape.hpp"

#include "memcached/error_map.hpp"
#include "memcached/key.hpp"

#include <algorithm>

namespace cachekit::memcached {
namespace {

bool is_conditional(const Command& command) noexcept {
  return command.version != 0 || command.condition != SetCondition::always;
}

// What a command asks for by flags of one letter.
std::string_view asked_flags(const Command& command) noexcept {
  switch (command.verb) {
    case Verb::gets:
      return "c";
    case Verb::inspect:
      return "cft";
    case Verb::remaining_ttl:
      return "t";
    case Verb::increment:
      return command.versioned ? "c" : "";
    default:
      return "";
  }
}

// "W", "X" and "Z" tell of `md ... I`, "b" says again that a key came as base64.
std::string_view unasked_flags(const Command& command) noexcept {
  const bool changes = !is_read(command.verb) && command.verb != Verb::touch;
  if (needs_base64(command.key)) return changes ? "b" : "bWXZ";
  return changes ? "" : "WXZ";
}

}  // namespace

bool can_end(const Command& command, Reply::Status status) noexcept {
  switch (status) {
    case Reply::Status::refused:
      return is_conditional(command);
    case Reply::Status::missing:
      return command.verb != Verb::store;
    default:
      return true;
  }
}

bool can_refuse(const Command& command, Dialect dialect, std::string_view line) noexcept {
  if (line.find("non-numeric") != std::string_view::npos) return command.verb == Verb::increment;
  if (server_error(line).code != Errc::protocol) return true;
  if (line != "ERROR") return false;
  const bool of_newer_servers =
      command.verb == Verb::gets || command.verb == Verb::inspect || command.verb == Verb::touch;
  return is_plain(command.verb) || (dialect == Dialect::classic && of_newer_servers);
}

bool fit(std::string_view flags, const Command& command) noexcept {
  const std::string_view asked = asked_flags(command);
  if (flags.empty()) return asked.empty();
  const std::string_view unasked = unasked_flags(command);
  std::size_t told = 0;
  unsigned seen = 0;  // A bit for each letter.
  while (!flags.empty()) {
    flags.remove_prefix(1);  // The blank before it.
    const std::string_view flag = flags.substr(0, flags.find(' '));
    flags.remove_prefix(flag.size());
    if (flag.empty()) continue;  // Blanks at the end mean nothing.
    const bool is_asked = asked.find(flag.front()) != std::string_view::npos;
    if (!is_asked && unasked.find(flag) == std::string_view::npos) return false;
    const unsigned letter = 1U << (static_cast<unsigned>(flag.front()) % 32U);
    if (is_asked && (seen & letter) != 0) return false;
    seen |= letter;
    told += is_asked ? 1 : 0;
  }
  return told == asked.size();
}

}  // namespace cachekit::memcached
