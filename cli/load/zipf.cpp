#include "load/zipf.hpp"

#include <algorithm>
#include <cmath>

namespace cachekit::cli {
namespace {

constexpr double small = 1e-8;

// (e^t - 1) / t and log(1 + t) / t, both steady through t = 0, which is where s = 1 lies.
double expm1_over(double t) { return std::abs(t) > small ? std::expm1(t) / t : 1 + t / 2; }
double log1p_over(double t) { return std::abs(t) > small ? std::log1p(t) / t : 1 - t / 2; }

}  // namespace

Zipf::Zipf(std::uint64_t n, double exponent) noexcept
    : n_(static_cast<double>(n)), exponent_(exponent) {
  area_low_ = area(1.5) - 1;
  area_high_ = area(n_ + 0.5);
  shortcut_ = 2 - inverse_area(area(2.5) - weight(2));
}

double Zipf::weight(double x) const noexcept { return std::exp(-exponent_ * std::log(x)); }

// The integral of x^-s from 1.
double Zipf::area(double x) const noexcept {
  const double log_x = std::log(x);
  return expm1_over((1 - exponent_) * log_x) * log_x;
}

double Zipf::inverse_area(double area) const noexcept {
  // Rounding may carry the product past -1, where the logarithm ends.
  const double t = std::max(area * (1 - exponent_), -1.0);
  return std::exp(log1p_over(t) * area);
}

std::uint64_t Zipf::operator()(Random& random) const noexcept {
  while (true) {
    const double u = area_high_ + random.fraction() * (area_low_ - area_high_);
    const double x = inverse_area(u);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, n_);
    if (rank - x <= shortcut_ || u >= area(rank + 0.5) - weight(rank)) {
      return static_cast<std::uint64_t>(rank);
    }
  }
}

}  // namespace cachekit::cli
