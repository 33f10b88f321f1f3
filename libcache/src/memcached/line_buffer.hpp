#pragma once

#include "core/byte_queue.hpp"
#include "net/request.hpp"

#include <cachekit/error.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace cachekit::memcached {

/// Bytes that came and were not used up yet, taken off as lines or as blocks.
/// Limits: a line of 2 KiB, more than any server sends; memory as of `ByteQueue`.
class LineBuffer {
 public:
  void feed(std::string_view bytes) { bytes_.append(bytes); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  /// Gives back what only a large feed needed. Ends the lifetime of all lines and blocks.
  void trim() noexcept { bytes_.trim(); }

  /// The next line without its CR LF, or empty while its end has not come. Lifetime: until the
  /// next `feed`. Errors: `protocol` for a line that is too long.
  [[nodiscard]] Result<std::optional<std::string_view>> line();
  /// Up to `most` bytes of a block; empty while none are there. Lifetime: until the next `feed`.
  [[nodiscard]] std::string_view block(std::size_t most) noexcept;
  /// The next `count` bytes, or empty while not all of them are there. Lifetime: as above.
  [[nodiscard]] std::string_view exactly(std::size_t count) noexcept;

 private:
  ByteQueue bytes_{net::receive_bytes};
};

}  // namespace cachekit::memcached
