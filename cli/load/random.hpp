#pragma once

#include <cstdint>

namespace cachekit::cli {

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and the same everywhere for one seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

  /// From 0 up to but without `bound`. Requires: `bound` > 0.
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }

  /// From 0 up to but without 1, in steps of 2^-53.
  double fraction() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace cachekit::cli
