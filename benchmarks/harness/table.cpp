#include "harness/table.hpp"

#include <fmt/format.h>

namespace cachekit::bench {
namespace {

constexpr auto layout =
    "{:<25} {:>6} {:>9} {:<20} {:>9} {:>6} {:>11} {:>7} {:>6} {:>6} {:>6} {:>6}  {}\n";

// 1,234,567, whatever the locale.
std::string grouped(double number) {
  std::string digits = fmt::format("{:.0f}", number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string figure(double number) {
  return number < 1000 ? fmt::format("{:.1f}", number) : grouped(number);
}

std::string two_places(double number) { return fmt::format("{:.2f}", number); }

}  // namespace

std::string table_head() {
  return fmt::format(fmt::runtime(layout), "row", "unit", "cachekit", "peer", "peer's", "ratio",
                     "quartiles", "medians", "must", "aim", "us CPU", "peer's", "verdict");
}

std::string table_row(const RowResult& result) {
  const Comparison& comparison = result.comparison;
  const auto goal = [&](double Goal::*bound) {
    if (!result.row.goal) return std::string("-");
    return (result.better == Better::higher ? "" : "<") + two_places((*result.row.goal).*bound);
  };
  return fmt::format(
      fmt::runtime(layout), result.row.id, result.unit, figure(comparison.subject_median),
      result.peer.name, figure(comparison.peer_median), two_places(comparison.median_of_ratios),
      two_places(comparison.lower_quartile) + "-" + two_places(comparison.upper_quartile),
      two_places(comparison.ratio_of_medians), goal(&Goal::must), goal(&Goal::aim),
      two_places(median(result.subject.cpu_us_per_op)),
      two_places(median(result.peer.cpu_us_per_op)), to_string(result.verdict));
}

}  // namespace cachekit::bench
