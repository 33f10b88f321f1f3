#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace cachekit::test {

/// What came of schedules, to see that they reach what they are for.
struct ScheduleTally {
  std::size_t calls = 0;
  std::size_t answered = 0;
  std::size_t unknown = 0;
  std::size_t given_up = 0;  ///< In time, or withdrawn.
  std::size_t lost = 0;      ///< Otherwise.
  std::size_t links = 0;
  std::size_t resent = 0;
};

/// Runs the schedule of a seed: callers that wait and callers that do not, calls that are given up
/// or withdrawn, on connections that break. Gives what went wrong, or nothing; behind it what was
/// done, where `trace` is set.
[[nodiscard]] std::string run_schedule(std::uint64_t seed, bool trace, ScheduleTally& tally);

}  // namespace cachekit::test
