#pragma once

#include "cli/run_cachekit.hpp"

#include <string>
#include <vector>

namespace cachekit::test {

/// Runs the command with a terminal for its three standard descriptors, and gives all that came to
/// it: what a person would have seen, and whatever else the terminal would have obeyed. Nothing
/// of it is changed on the way. `columns` is the width of the terminal.
[[nodiscard]] CommandResult run_on_terminal(const std::vector<std::string>& arguments,
                                            const RunningCommand::Environment& environment = {},
                                            unsigned short columns = 80);

}  // namespace cachekit::test
