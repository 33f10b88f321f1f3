#pragma once

#include "memory/entry.hpp"

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace cachekit::memory {

/// Ages are told in ticks of 64 ms, of which 31 bits hold four years.
using AgeTick = std::uint32_t;
inline constexpr std::chrono::milliseconds age_tick_length{64};

[[nodiscard]] inline AgeTick age_tick(Time now) noexcept {
  return static_cast<AgeTick>(now.time_since_epoch() / age_tick_length);
}

/// How old at `now` is what was stored at `since`. Threads read the clock before they wait for a
/// lock, so `now` may be the earlier one: nothing is younger than new.
[[nodiscard]] inline AgeTick age(AgeTick since, Time now) noexcept {
  const AgeTick age = age_tick(now) - since;
  return static_cast<std::int32_t>(age) < 0 ? 0 : age;
}

/// How many entries had which age: one bucket for each power of two ticks.
template <typename Count>
struct AgeCounts {
  static constexpr std::size_t size = 33;
  std::array<Count, size> buckets{};

  [[nodiscard]] static std::size_t bucket_of(AgeTick age) noexcept {
    return static_cast<std::size_t>(std::bit_width(age));
  }
  /// Ages in this bucket are below it.
  [[nodiscard]] static std::chrono::milliseconds end_of(std::size_t bucket) noexcept {
    return age_tick_length * (std::int64_t{1} << bucket);
  }
};

}  // namespace cachekit::memory
