#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cachekit::test {

enum class Speech { redis, memcached };

/// Follows what a server says, to tell where one reply ends and the next one begins.
class ReplyStream {
 public:
  explicit ReplyStream(Speech speech) noexcept : speech_(speech) {}

  void follow(std::string_view bytes);
  /// Whether no reply has been begun that is not ended.
  [[nodiscard]] bool between_replies() const noexcept {
    return parts_ == 0 && skip_ == 0 && line_.empty();
  }

 private:
  void end_line();

  const Speech speech_;
  std::string line_{};     // As much of it as has come.
  std::size_t skip_ = 0;   // Bytes of a value, and its end of line.
  std::size_t parts_ = 0;  // Of arrays that have been begun.
};

}  // namespace cachekit::test
