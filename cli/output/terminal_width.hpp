#pragma once

#include <cstddef>

#include <sys/ioctl.h>

namespace cachekit::cli {

/// How many columns a terminal has; 0 where the descriptor is none, or the terminal does not say.
[[nodiscard]] inline std::size_t terminal_width(int descriptor) noexcept {
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace cachekit::cli
