#pragma once

#include "harness/contest.hpp"

#include <cstdint>
#include <string>

namespace cachekit::bench {

/// The load generator that comes with Redis, for the ceiling: it looks at no reply.
class RedisBenchmark {
 public:
  /// `options` as on its command line: "-c 1 -P 64 -t get".
  RedisBenchmark(std::uint16_t port, std::string options);

  /// Its own figure, which leaves its start out; the CPU time is that of the whole process.
  [[nodiscard]] Sample run(Seconds slot);

 private:
  std::string command_;
  double per_second_ = 100'000;  // It takes a count, not a time; the first run corrects this.
};

}  // namespace cachekit::bench
