#pragma once

#include "harness/contest.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace cachekit::bench {

/// Many short turns tell more than few long ones: each turn draws anew where the threads run.
struct RunOptions {
  std::size_t rounds = 25;
  Seconds slot = Seconds(0.25);
};

/// All samples of one contestant, one a round.
struct Record {
  std::string name;
  std::vector<double> figures{};
  std::vector<double> cpu_us_per_op{};
};

/// Lets all contestants run in turns (A B C A B C ...) after a shorter turn each that does not
/// count. Gives their records, in the order of the contestants.
///
/// Errors: `BenchFailure`, which names the contestant.
[[nodiscard]] std::vector<Record> run_contest(const std::vector<Contestant>& contestants,
                                              const RunOptions& options);

/// A row with all that is known about it after a run.
struct RowResult {
  Row row;
  std::string unit;
  Better better;
  Record subject;
  Record peer;
  Comparison comparison;
  Verdict verdict;
};

/// The rows of a contest from the records of its contestants.
[[nodiscard]] std::vector<RowResult> evaluate(const Contest& contest,
                                              const std::vector<Record>& records);

}  // namespace cachekit::bench
