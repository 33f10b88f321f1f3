#pragma once

#include <cstddef>

/// While it lives, some of this thread's allocations fail: by `operator new`, and by `mmap` where
/// no sanitizer wants that for itself.
class Shortage {
 public:
  /// `after` more succeed, then `length` fail.
  Shortage(std::size_t after, std::size_t length) noexcept;
  ~Shortage();
  Shortage(const Shortage&) = delete;
  Shortage& operator=(const Shortage&) = delete;

  /// Whether any has failed.
  [[nodiscard]] static bool begun() noexcept;
  /// Whether all that were to fail have failed.
  [[nodiscard]] static bool over() noexcept;
};
