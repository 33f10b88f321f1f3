#pragma once

#include "memcached/command.hpp"
#include "memcached/dialect.hpp"

#include <string_view>

/// What the reply to a command can say. One that says something else is not that command's: replies
/// are out of step, and the connection is closed before any of them is handed out.

namespace cachekit::memcached {

/// Whether a command can end so: what has no condition is not refused, what is stored
/// unconditionally is not missing.
[[nodiscard]] bool can_end(const Command& command, Reply::Status status) noexcept;

/// Whether a server that speaks this dialect can answer an error line to a command: that it knows
/// no such command only where older servers and proxies do not, and never that the line makes no
/// sense.
[[nodiscard]] bool can_refuse(const Command& command, Dialect dialect,
                              std::string_view line) noexcept;

/// Whether the flags of a meta reply, " c12 t-1" or none, are those that the command asks for, each
/// once. (Of an entry that others have marked stale, lookups are told that unasked.)
[[nodiscard]] bool fit(std::string_view flags, const Command& command) noexcept;

}  // namespace cachekit::memcached
