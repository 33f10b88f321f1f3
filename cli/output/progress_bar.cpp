#include "output/progress_bar.hpp"

#include "output/terminal_width.hpp"

#include <cachekit/steady_clock.hpp>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace cachekit::cli {
std::string bar(std::optional<double> part) {
  constexpr int width = 20;
  if (!part) return {};
  const double whole = std::clamp(*part, 0.0, 1.0);
  const auto filled = static_cast<int>(std::floor(whole * width));
  return fmt::format("[{:#<{}}{:-<{}}] {:3.0f}% ", "", filled, "", width - filled,
                     std::floor(whole * 100));
}

ProgressBar::ProgressBar(bool enabled, std::FILE* terminal)
    : enabled_(enabled), terminal_(terminal) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::show(std::optional<double> part, std::string_view text) {
  const auto now = SteadyClock::now();
  if (!enabled_ || now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  std::string line = fmt::format("{}{}", bar(part), text);
  if (const std::size_t columns = terminal_width(fileno(terminal_)); columns > 0) {
    line.resize(std::min(line.size(), columns - 1));  // One that wraps is not written over.
  }
  fmt::print(terminal_, "\r\x1b[K{}", line);
  std::fflush(terminal_);
  shown_ = true;
}

void ProgressBar::clear() {
  if (!shown_) return;
  fmt::print(terminal_, "\r\x1b[K");
  std::fflush(terminal_);
  shown_ = false;
  next_ = {};
}

}  // namespace cachekit::cli
