#pragma once

#include <cachekit/error.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit::memcached {

/// Bytes that came and were not used up yet, taken off as lines or as blocks.
/// Limits: a line of 2 KiB, more than any server sends; memory is what was fed and not taken.
class LineBuffer {
 public:
  void feed(std::string_view bytes);
  [[nodiscard]] bool empty() const noexcept { return at_ == bytes_.size(); }

  /// The next line without its CR LF, or empty while its end has not come. Lifetime: until the
  /// next `feed`. Errors: `protocol` for a line that is too long.
  [[nodiscard]] Result<std::optional<std::string_view>> line();
  /// Up to `most` bytes of a block; empty while none are there. Lifetime: until the next `feed`.
  [[nodiscard]] std::string_view block(std::size_t most) noexcept;

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

}  // namespace cachekit::memcached
