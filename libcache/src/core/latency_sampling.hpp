#pragma once

namespace cachekit::core {

/// Which calls are timed where calls end at once: reading the clock twice would take as long as the
/// call, so one in `one_in` is timed, by each thread, and counted for all of them.
class LatencySampling {
 public:
  static constexpr unsigned one_in = 64;

  /// Counts a call, and says whether it is to be timed.
  [[nodiscard]] static bool next_is_timed() noexcept { return ++calls % one_in == 0; }
  /// Counts a call that takes a short way without a look at the clock; false, and not counted, when
  /// it is to be timed.
  [[nodiscard]] static bool skips_next() noexcept {
    if ((calls + 1) % one_in == 0) return false;
    ++calls;
    return true;
  }

 private:
  static inline constinit thread_local unsigned calls = 0;
};

}  // namespace cachekit::core
