#include "harness/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace cachekit::bench {
namespace {

std::vector<double> copy_of(std::span<const double> values) {
  return {values.begin(), values.end()};
}

}  // namespace

double quantile(std::vector<double> values, double quantile) {
  const auto count = static_cast<double>(values.size());
  const auto rank = static_cast<std::size_t>(std::ceil(quantile * count));
  const std::size_t index = std::clamp<std::size_t>(rank, 1, values.size()) - 1;
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

Comparison compare(std::span<const double> subject, std::span<const double> peer) {
  std::vector<double> ratios;
  for (std::size_t round = 0; round < subject.size(); ++round) {
    ratios.push_back(subject[round] / peer[round]);
  }
  const double subject_median = median(copy_of(subject));
  const double peer_median = median(copy_of(peer));
  return {.subject_median = subject_median,
          .peer_median = peer_median,
          .ratio_of_medians = subject_median / peer_median,
          .median_of_ratios = median(ratios),
          .lower_quartile = quantile(ratios, 0.25),
          .upper_quartile = quantile(ratios, 0.75)};
}

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::aim:
      return "aim met";
    case Verdict::must:
      return "must met";
    case Verdict::falls_short:
      return "FALLS SHORT";
    case Verdict::not_judged:
      break;
  }
  return "-";
}

Verdict judge(const Comparison& comparison, const std::optional<Goal>& goal,
              Better better) noexcept {
  if (!goal) return Verdict::not_judged;
  const auto reaches = [&, ratio = comparison.median_of_ratios](double bound) {
    return better == Better::higher ? ratio >= bound : ratio <= bound;
  };
  if (reaches(goal->aim)) return Verdict::aim;
  return reaches(goal->must) ? Verdict::must : Verdict::falls_short;
}

}  // namespace cachekit::bench
