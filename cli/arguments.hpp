#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace cachekit::cli {

/// The arguments as `CLI::App::parse` wants them, guarded against being taken for lists.
[[nodiscard]] std::vector<std::string> guarded_arguments(int argc, char** argv);

/// Makes every option take the guards off. Requires: all options are there.
void take_guards_off(CLI::App& app);

}  // namespace cachekit::cli
