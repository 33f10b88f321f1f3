#pragma once

#include "harness/comparison.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cachekit::bench {

using Seconds = std::chrono::duration<double>;

/// What a contestant reached in one slot.
struct Sample {
  double figure = 0;         ///< In the unit of the contest.
  double cpu_us_per_op = 0;  ///< User and system time of the client, in microseconds.
};

/// One who takes part. `run` works for about as long as it is told.
///
/// Errors: `BenchFailure` for an answer that is not what was stored.
struct Contestant {
  std::string name;
  std::function<Sample(Seconds)> run;
};

/// A line of the table: one contestant against another one.
struct Row {
  std::string id;     ///< What `--rows` takes: "redis-get-16".
  std::string title;  ///< For people: "Redis GET, 16 threads".
  std::size_t subject = 0;
  std::size_t peer = 1;
  std::optional<Goal> goal{};  ///< Empty: shown, not judged.
};

/// Contestants that are measured in turns, and the rows that come of it.
struct Contest {
  std::string unit;  ///< "ops/s", "us"
  Better better = Better::higher;
  std::vector<Row> rows;
  /// Opens what the contestants need; called when the contest begins. What they hold goes with
  /// them.
  std::function<std::vector<Contestant>()> enter{};
};

}  // namespace cachekit::bench
