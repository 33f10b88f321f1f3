#pragma once

#include "exit_code.hpp"

namespace cachekit::cli {

/// The whole command: parse, run, render. Never throws.
[[nodiscard]] ExitCode run(int argc, char** argv);

}  // namespace cachekit::cli
