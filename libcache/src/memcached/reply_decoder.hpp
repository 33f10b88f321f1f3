#pragma once

#include "memcached/command.hpp"
#include "memcached/dialect.hpp"
#include "memcached/line_buffer.hpp"

#include <cachekit/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cachekit::memcached {

/// Turns the bytes of a connection into replies, one at a time, whatever way the bytes were split.
///
/// Invariant: between two replies no state is left, so a reply belongs to the command it is read
/// for. An answer that leaves in doubt where the next reply begins is an error of `advance`, and
/// the connection is closed.
/// Limits: memory grows with what came, never with what was announced.
class ReplyDecoder {
 public:
  void feed(std::string_view bytes);
  /// Whether no byte and no half of a reply is left over.
  [[nodiscard]] bool idle() const noexcept { return input_.empty() && !under_way_; }

  /// Reads on in the reply to `command`; true when it is complete and `take` may be called.
  /// Errors: `protocol`; from then on this decoder gives nothing else.
  [[nodiscard]] Result<bool> advance(const Command& command, Dialect dialect);
  /// The reply, or the error that the server answered.
  [[nodiscard]] Result<Reply> take();

 private:
  enum class Progress : std::uint8_t { more_needed, moved, broken };

  [[nodiscard]] Progress read_line(const Command& command, Dialect dialect);
  [[nodiscard]] Progress read_data(const Command& command);
  [[nodiscard]] Progress refuse(std::string_view line, const Command& command, Dialect dialect);
  Progress break_off(Error error);
  void take_data(std::string_view bytes) noexcept;

  LineBuffer input_;
  bool under_way_ = false;
  bool in_data_ = false;       // A block of data or its line end is still to come.
  bool dropped_ = false;       // There is no memory for that block.
  bool last_ = false;          // The reply ends with what is being read.
  std::size_t data_left_ = 0;  // Of the block of data, without its line end.
  Reply reply_{};
  std::optional<Error> refused_{};  // The server's answer instead of a reply.
  std::optional<Error> broken_{};   // From then on.
};

}  // namespace cachekit::memcached
