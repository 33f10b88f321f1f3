#pragma once

#include "support/loopback.hpp"

#include <array>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

namespace cachekit::test {

/// A program that has closed its standard input, output and error, as long as this object lives.
/// Nothing may be checked meanwhile: what is open then may be where a failure would be printed to.
class ClosedStandard {
 public:
  ClosedStandard() {
    std::fflush(nullptr);
    for (int number = 0; number <= STDERR_FILENO; ++number) {
      kept_[static_cast<std::size_t>(number)] = Descriptor(::fcntl(number, F_DUPFD_CLOEXEC, 100));
      ::close(number);
    }
  }
  ~ClosedStandard() {
    for (int number = 0; number <= STDERR_FILENO; ++number) {
      const Descriptor& kept = kept_[static_cast<std::size_t>(number)];
      if (kept.open()) ::dup2(kept.get(), number);
    }
  }
  ClosedStandard(const ClosedStandard&) = delete;
  ClosedStandard& operator=(const ClosedStandard&) = delete;

  /// How many of the three are in use again.
  [[nodiscard]] static int taken() noexcept {
    int count = 0;
    for (int number = 0; number <= STDERR_FILENO; ++number) {
      count += ::fcntl(number, F_GETFD) >= 0 ? 1 : 0;
    }
    return count;
  }

 private:
  std::array<Descriptor, 3> kept_{};
};

}  // namespace cachekit::test
