#pragma once

#include <cachekit/error.hpp>
#include <cachekit/redis_reply.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace cachekit::redis {

/// Turns bytes into replies; the same replies however the bytes are split. The parsing is hiredis'.
///
/// Memory grows with what arrived, never with what a length announced. Threads: one at a time.
/// Limits: `max_nesting` arrays in an array, `max_reply_bytes` and `most_elements` for one reply,
/// and a MiB for a line.
class RespDecoder {
 public:
  static constexpr int max_nesting = 7;  ///< The most that hiredis 0.14 can do.
  static constexpr std::size_t max_reply_bytes = std::size_t{1} << 30U;
  /// An element takes more memory than its four bytes on the wire.
  static constexpr std::size_t most_elements = max_reply_bytes / sizeof(RedisReply);

  explicit RespDecoder(std::size_t max_elements = most_elements);
  ~RespDecoder();
  RespDecoder(const RespDecoder&) = delete;
  RespDecoder& operator=(const RespDecoder&) = delete;

  void feed(std::string_view bytes);
  /// The next complete reply, or empty when more bytes are needed.
  /// Errors: `protocol`; from then on this decoder gives nothing else.
  [[nodiscard]] Result<std::optional<RedisReply>> next();
  /// Whether no byte and no part of a reply is left over.
  [[nodiscard]] bool idle() const noexcept;

 private:
  struct Reader;
  std::unique_ptr<Reader> reader_;
};

}  // namespace cachekit::redis
