#pragma once

#include "load/random.hpp"

#include <cstdint>

namespace cachekit::cli {

/// Draws ranks from 1 to n, rank k with a probability in proportion to k^-s.
///
/// Rejection-inversion after Hörmann and Derflinger, "Rejection-inversion to generate variates from
/// monotone discrete distributions" (1996): the area under x^-s is inverted, and a draw that falls
/// outside its rank's column is drawn again. Exact for every s > 0, s = 1 included; no table.
/// Cost: O(1), about 1.1 draws each.
class Zipf {
 public:
  /// Requires: `n` >= 1, `exponent` > 0.
  Zipf(std::uint64_t n, double exponent) noexcept;

  [[nodiscard]] std::uint64_t operator()(Random& random) const noexcept;

 private:
  [[nodiscard]] double weight(double x) const noexcept;
  [[nodiscard]] double area(double x) const noexcept;
  [[nodiscard]] double inverse_area(double area) const noexcept;

  double n_;
  double exponent_;
  double area_low_;   // Where the column of rank 1 begins.
  double area_high_;  // Where that of rank n ends.
  double shortcut_;   // Draws this close above their rank are accepted without another look.
};

}  // namespace cachekit::cli
