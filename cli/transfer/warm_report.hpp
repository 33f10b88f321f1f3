#pragma once

#include "transfer/warmer.hpp"

#include <string>
#include <vector>

namespace cachekit::cli {

/// "stored 2,998, skipped 0, bad 2", and only what is not 0 of failed, unknown, resumed and
/// evicted.
[[nodiscard]] std::string warm_text(const WarmResult& result, double seconds);

/// One line for each bad record that was kept: "FILE:17: no field 'value'".
[[nodiscard]] std::vector<std::string> bad_lines_text(const WarmTally& tally,
                                                      const std::string& input);

/// One object: stored, skipped, bad, failed, unknown, resumed, evicted, items, bad_lines, complete,
/// seconds.
[[nodiscard]] std::string warm_json(const WarmResult& result, double seconds);

/// What to type to go on after a load that broke off.
[[nodiscard]] std::string resume_hint(const WarmOptions& options);

}  // namespace cachekit::cli
