#pragma once

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// One line on a terminal that is written over and over, at most ten times a second, and gone in
/// the end, cut to the width of the terminal. Writes nothing where it is switched off. Requires:
/// the text is ASCII.
class ProgressBar {
 public:
  explicit ProgressBar(bool enabled, std::FILE* terminal = stderr);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `part` is 0 to 1, or empty where the whole is not known.
  void show(std::optional<double> part, std::string_view text);
  /// Takes the line away; the next `show` brings it back.
  void clear();

 private:
  bool enabled_;
  std::FILE* terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_{};
};

/// "[#####---------------]  25%"; nothing for an unknown part.
[[nodiscard]] std::string bar(std::optional<double> part);

}  // namespace cachekit::cli
