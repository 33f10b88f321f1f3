#pragma once

#include "harness/run_contest.hpp"

#include <string>

namespace cachekit::bench {

/// The names of the columns; a line with its end.
[[nodiscard]] std::string table_head();
/// One row of the table; a line with its end.
[[nodiscard]] std::string table_row(const RowResult& result);

}  // namespace cachekit::bench
