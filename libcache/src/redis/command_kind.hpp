#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace cachekit::redis {

/// How a command given to `RedisBackend::command` has to be treated.
enum class CommandKind : std::uint8_t {
  read,              ///< Changes nothing: may be sent again on a fresh connection.
  write,             ///< Anything else that is known: sent at most once.
  blocking,          ///< May wait at the server: takes a connection of its own.
  connection_state,  ///< Changes the connection itself: refused, it would reach other callers.
  unknown,           ///< May do anything: takes a connection of its own, which is then closed.
};

/// What a command does, by its name and its grammar; words that are a caller's data do not count.
/// Requires: at least one argument.
[[nodiscard]] CommandKind kind_of(std::span<const std::string_view> arguments);

/// Whether it runs a script, or a function, that may write: then an error reply can be of its own.
/// Requires: at least one argument.
[[nodiscard]] bool runs_script(std::span<const std::string_view> arguments) noexcept;

/// Whether it must not share a connection with others.
[[nodiscard]] constexpr bool wants_own_connection(CommandKind kind) noexcept {
  return kind == CommandKind::blocking || kind == CommandKind::unknown;
}

}  // namespace cachekit::redis
