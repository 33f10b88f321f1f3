#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace cachekit::bench {

/// The value that `quantile` (0 to 1) of all values do not exceed, by nearest rank.
/// Requires: `values` is not empty. Cost: linear; the values are copied.
[[nodiscard]] double quantile(std::vector<double> values, double quantile);

/// The middle one; of an even number the mean of the middle two. Requires: not empty.
[[nodiscard]] double median(std::vector<double> values);

enum class Better : std::uint8_t { higher, lower };

/// Ratios of subject to peer: `must` is the least that is acceptable, `aim` what is wanted.
struct Goal {
  double must;
  double aim;
};

/// Two contestants of one run. Machines are noisy: a slow minute hurts whoever runs in it, and
/// where the scheduler puts a client and its server may be worth a factor of four. The ratio of the
/// medians forgets which round a figure came from; the ratios of the rounds compare neighbours in
/// time, and their median is what goals are held against.
struct Comparison {
  double subject_median;
  double peer_median;
  double ratio_of_medians;
  double median_of_ratios;
  double lower_quartile;  ///< Of the ratios: half of the rounds lie between the two.
  double upper_quartile;
};

/// Requires: both have the same number of rounds, at least one, and no peer's figure is 0.
[[nodiscard]] Comparison compare(std::span<const double> subject, std::span<const double> peer);

enum class Verdict : std::uint8_t { aim, must, falls_short, not_judged };

/// "aim met", "must met", "FALLS SHORT" or "-".
[[nodiscard]] std::string_view to_string(Verdict verdict) noexcept;

/// A goal is reached when the median of the rounds' ratios reaches it.
[[nodiscard]] Verdict judge(const Comparison& comparison, const std::optional<Goal>& goal,
                            Better better) noexcept;

}  // namespace cachekit::bench
