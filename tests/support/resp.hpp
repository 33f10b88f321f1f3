#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::test {

/// A command of the Redis protocol and its arguments.
using Command = std::vector<std::string>;

/// Takes the command at the front of `bytes`; empty when it is not there as a whole, and then
/// nothing is taken. Throws when it is no command.
[[nodiscard]] std::optional<Command> take_command(std::string_view& bytes);

[[nodiscard]] std::string bulk_reply(std::string_view value);

}  // namespace cachekit::test
