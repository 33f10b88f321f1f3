#pragma once

#include "context.hpp"
#include "parser/command_spec.hpp"

namespace cachekit::cli {

/// The whole command line: the global options, read into `options`, and every command.
/// Lifetime: `options` outlives it.
[[nodiscard]] CommandSpec command_line(GlobalOptions& options);

}  // namespace cachekit::cli
