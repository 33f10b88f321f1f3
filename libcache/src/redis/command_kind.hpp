#pragma once

#include <span>
#include <string_view>

namespace cachekit::redis {

/// How a command given to `RedisBackend::command` has to be treated.
enum class CommandKind {
  read,              ///< Changes nothing: may be sent again on a fresh connection.
  write,             ///< Anything else: sent at most once.
  blocking,          ///< May wait at the server: takes a connection of its own.
  connection_state,  ///< Changes the connection itself: refused, it would reach other callers.
};

/// Requires: at least one argument.
[[nodiscard]] CommandKind kind_of(std::span<const std::string_view> arguments);

}  // namespace cachekit::redis
