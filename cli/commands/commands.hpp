#pragma once

// cli/commands/: a file for each command: its arguments, and what it does with them. How arguments
// are parsed (parser/), output is written (output/), load is made (load/) and data is moved
// (transfer/) is next door, and nothing there includes a command.

#include "context.hpp"
#include "parser/command_spec.hpp"

#include <vector>

namespace cachekit::cli {

// Each describes one command; its file has the same name.
[[nodiscard]] CommandSpec backends_command();
[[nodiscard]] CommandSpec bench_command();
[[nodiscard]] CommandSpec clear_command();
[[nodiscard]] CommandSpec completion_command();
[[nodiscard]] CommandSpec config_command();
[[nodiscard]] CommandSpec del_command();
[[nodiscard]] CommandSpec doctor_command();
[[nodiscard]] CommandSpec dump_command();
[[nodiscard]] CommandSpec exists_command();
[[nodiscard]] CommandSpec get_command();
[[nodiscard]] CommandSpec help_command();
[[nodiscard]] CommandSpec incr_command();
[[nodiscard]] CommandSpec keys_command();
[[nodiscard]] CommandSpec ping_command();
[[nodiscard]] CommandSpec set_command();
[[nodiscard]] CommandSpec stats_command();
[[nodiscard]] CommandSpec touch_command();
[[nodiscard]] CommandSpec ttl_command();
[[nodiscard]] CommandSpec version_command();
[[nodiscard]] CommandSpec warm_command();

/// Every command, in the order of the help.
[[nodiscard]] std::vector<CommandSpec> all_commands();

}  // namespace cachekit::cli
