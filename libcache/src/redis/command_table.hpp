#pragma once

#include "redis/command_kind.hpp"

#include <string_view>

namespace cachekit::redis {

/// What the table of known commands says of a name in capitals; of a sub-command as "CLIENT|KILL".
[[nodiscard]] CommandKind listed_kind(std::string_view name) noexcept;

/// Whether the word behind this name is a sub-command.
[[nodiscard]] bool has_subcommands(std::string_view name) noexcept;

}  // namespace cachekit::redis
