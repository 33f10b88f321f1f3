#include "load/export/figures.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace cachekit::cli {

std::string grouped(std::uint64_t number) {
  std::string text = fmt::format("{}", number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string grouped(double number) {
  return grouped(static_cast<std::uint64_t>(std::llround(std::max(number, 0.0))));
}

std::string latency_text(double microseconds) {
  const auto digits = [](double value) { return value < 10 ? 2 : value < 100 ? 1 : 0; };
  if (microseconds < 1) return fmt::format("{:.0f}ns", microseconds * 1e3);
  if (microseconds < 1e3) return fmt::format("{:.{}f}us", microseconds, digits(microseconds));
  if (microseconds < 1e6) {
    return fmt::format("{:.{}f}ms", microseconds / 1e3, digits(microseconds / 1e3));
  }
  return fmt::format("{:.{}f}s", microseconds / 1e6, digits(microseconds / 1e6));
}

std::string_view closed_loop_note() {
  return "note      closed loop: a caller that waits sends nothing, so a stall hides the requests "
         "that\n"
         "          would have come meanwhile (coordinated omission)\n";
}

}  // namespace cachekit::cli
