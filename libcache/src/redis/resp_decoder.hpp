#pragma once

#include "redis/reply_limits.hpp"

#include <cachekit/error.hpp>
#include <cachekit/redis_reply.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace cachekit::redis {

/// Turns bytes into replies; the same replies however the bytes are split. The parsing is hiredis'.
///
/// A reply that is well-formed and over a limit, or for which there is no memory, is skipped: in
/// its place comes an error reply that says so (dropped_reply.hpp), and the next one is as good as
/// ever.
///
/// Memory grows with what arrived, never with what a length announced. Threads: one at a time.
class RespDecoder {
 public:
  explicit RespDecoder(const ReplyLimits& limits = {});
  ~RespDecoder();
  RespDecoder(const RespDecoder&) = delete;
  RespDecoder& operator=(const RespDecoder&) = delete;

  /// Where there is no memory for the bytes they are lost, and `next` gives an error from then on.
  void feed(std::string_view bytes) noexcept;
  /// The next complete reply, or empty when more bytes are needed.
  /// Errors: `protocol` for nonsense, `unavailable` where bytes were lost; from then on this
  /// decoder gives nothing else.
  [[nodiscard]] Result<std::optional<RedisReply>> next() noexcept;
  /// Whether no byte and no part of a reply is left over.
  [[nodiscard]] bool idle() const noexcept;

 private:
  struct Reader;
  std::unique_ptr<Reader> reader_;
};

}  // namespace cachekit::redis
