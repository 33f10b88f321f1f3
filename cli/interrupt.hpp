#pragma once

#include "exit_code.hpp"

namespace cachekit::cli {

/// Makes Ctrl-C (and SIGTERM, and SIGHUP unless it was ignored, as under nohup) end a command in
/// good order: loops poll `interrupted()`, waits for a server end within half a second, and the
/// command prints what there is. A second one ends the process at once.
void handle_interrupts();
[[nodiscard]] bool interrupted() noexcept;

/// 128 and the number of the signal. Requires: `interrupted()`.
[[nodiscard]] ExitCode interrupted_code() noexcept;

}  // namespace cachekit::cli
