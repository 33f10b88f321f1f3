#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cachekit::redis {

/// A long string that comes in pieces, collected where it will stay: a megabyte that is copied once
/// less, and whose memory is taken once less, is a good part of what its reader costs the other
/// callers on a busy machine.
///
/// Memory: what has arrived, times two; of the first megabyte times 32. Threads: one at a time.
class LongString {
 public:
  /// Shorter ones mostly come whole.
  static constexpr std::size_t least = std::size_t{16} << 10U;

  /// For a string of so many bytes, which follow with a line end behind them.
  explicit LongString(std::size_t size) : size_(size) {}

  /// Takes what belongs to it, and says how many bytes that were. Errors: `std::bad_alloc`.
  [[nodiscard]] std::size_t take(std::string_view bytes);
  /// The string. Requires: all of it has come, and the line end.
  [[nodiscard]] std::string text() && noexcept;

 private:
  [[nodiscard]] std::size_t whole() const noexcept { return size_ + 2; }

  std::size_t size_;
  std::string text_{};
};

}  // namespace cachekit::redis
