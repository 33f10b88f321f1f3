#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// The smallest value that can carry a stamp.
inline constexpr std::size_t stamp_bytes = 24;

/// Makes values that say for which key they were written and by which write, and tells any other
/// bytes from them: another key's value, a cut one, two mixed into one, one of another run.
///
/// Layout: checksum, key number, sequence number (8 bytes each), filler drawn from both numbers.
class ValueStamp {
 public:
  explicit ValueStamp(std::uint64_t run) noexcept : run_(run) {}

  /// Requires: `size` >= `stamp_bytes`.
  void write(std::string& value, std::size_t size, std::uint64_t key, std::uint64_t sequence) const;

  /// Whether these bytes were written for this key.
  [[nodiscard]] bool matches(std::string_view value, std::uint64_t key) const noexcept;

 private:
  [[nodiscard]] std::uint64_t checksum(std::string_view covered) const noexcept;

  std::uint64_t run_;
};

}  // namespace cachekit::cli
