#pragma once

#include "core/random_interval.hpp"

namespace cachekit::core {

/// Which calls are timed where calls end at once: reading the clock twice would take as long as the
/// call, so about one in `one_in` is timed, by each thread, and counted for all of them.
class LatencySampling {
 public:
  static constexpr unsigned one_in = 64;

  /// Counts a call, and says whether it is to be timed.
  [[nodiscard]] static bool next_is_timed() noexcept { return next_timed.passed(); }
  /// Counts a call that takes a short way without a look at the clock; false, and not counted, when
  /// it is to be timed.
  [[nodiscard]] static bool skips_next() noexcept { return next_timed.skip(); }

 private:
  static inline constinit thread_local RandomInterval next_timed{one_in};
};

}  // namespace cachekit::core
