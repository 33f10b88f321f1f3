#pragma once

namespace cachekit::cli {

/// Makes Ctrl-C (and SIGTERM) end long commands in good order: they poll `interrupted()` and print
/// what there is. A second one ends the process at once.
void handle_interrupts();
[[nodiscard]] bool interrupted() noexcept;

}  // namespace cachekit::cli
