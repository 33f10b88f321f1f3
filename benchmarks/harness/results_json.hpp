#pragma once

#include "harness/run_contest.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace cachekit::bench {

/// What a reader must know to compare two runs: names of things and their versions.
using Facts = std::map<std::string, std::string>;

/// Processor, number of cores, kernel, compiler, and the time of day.
[[nodiscard]] Facts machine_facts();

/// The results as JSON, schema "cachekit-sidebyside/1": members may be added, none changes.
[[nodiscard]] std::string results_json(const std::vector<RowResult>& results,
                                       const RunOptions& options, const Facts& machine,
                                       const Facts& versions);

/// Makes the folder where needed. Errors: `BenchFailure`.
void write_file(const std::filesystem::path& file, const std::string& text);

}  // namespace cachekit::bench
