#pragma once

#include <cachekit/redis_reply.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace cachekit::redis {

/// Makes `RedisReply` trees of bytes. The parsing is hiredis', which goes eight arrays deep: what
/// is deeper comes in layers, as a `ReplyScanner` cuts them, and each layer has a reader.
///
/// It gets the bytes of one reply at a time. Memory grows with what arrived, never with what a
/// length announced. Threads: one at a time.
class TreeParser {
 public:
  enum class Outcome { fine, malformed, no_memory };

  TreeParser();
  ~TreeParser();
  TreeParser(const TreeParser&) = delete;
  TreeParser& operator=(const TreeParser&) = delete;

  /// Before a reply.
  void begin() noexcept;
  /// Takes bytes by which elements end: the last of them with the last byte.
  [[nodiscard]] Outcome parse(std::string_view bytes) noexcept;
  /// Takes bytes of an element that goes on behind them. A long one is not looked at, nor moved
  /// about, until it is there.
  [[nodiscard]] Outcome keep(std::string_view bytes) noexcept;
  /// What comes next is an array in a layer of its own.
  [[nodiscard]] Outcome descend() noexcept;
  /// Goes back to a layer whose array went on in others. Requires: these are complete.
  [[nodiscard]] Outcome ascend(std::size_t layer) noexcept;
  /// The reply. Requires: `complete`.
  [[nodiscard]] RedisReply result() noexcept;
  [[nodiscard]] bool complete() const noexcept;
  /// Forgets the reply, and gives back all memory.
  void drop() noexcept;

 private:
  struct Layers;
  std::unique_ptr<Layers> layers_;
};

}  // namespace cachekit::redis
