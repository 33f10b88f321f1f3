#pragma once

#include <string>

namespace cachekit::test {

/// Runs a line of bash, in which $cachekit is the command and $home an empty folder that is its
/// HOME, and gives what it printed. For pipes and redirections.
[[nodiscard]] std::string run_shell(const std::string& script);

}  // namespace cachekit::test
