#pragma once

#include <cstddef>
#include <new>
#include <string>
#include <string_view>

namespace cachekit {

/// Bytes that came and were not used up yet.
///
/// Cost: a byte is copied once when it comes and, all in all, at most once more. Limits: memory is
/// at most four times the most that ever waited, until `trim`; what it has room for from the start
/// it has for good.
class ByteQueue {
 public:
  /// Errors: throws `std::bad_alloc`. While it is empty, to append so many bytes does not.
  explicit ByteQueue(std::size_t room = std::size_t{16} << 10U) : room_(room) {
    bytes_.reserve(room);
  }

  void append(std::string_view bytes) {
    if (empty()) {
      bytes_.clear();
      used_ = 0;
    } else if (used_ > bytes_.size() - used_) {  // Fewer bytes to move than were used meanwhile.
      bytes_.erase(0, used_);
      used_ = 0;
    }
    bytes_.append(bytes);
  }

  [[nodiscard]] bool empty() const noexcept { return used_ == bytes_.size(); }
  /// What waits. Lifetime: until the next `append` or `trim`.
  [[nodiscard]] std::string_view view() const noexcept {
    return {bytes_.data() + used_, bytes_.size() - used_};
  }
  /// Requires: as many are there.
  void use(std::size_t count) noexcept { used_ += count; }

  /// Gives back what an empty queue has more than it had from the start.
  void trim() noexcept {
    if (!empty() || bytes_.capacity() <= room_) return;
    try {
      std::string smaller;
      smaller.reserve(room_);
      bytes_.swap(smaller);  // An assignment may keep the memory.
      used_ = 0;
    } catch (const std::bad_alloc&) {  // Another time.
    }
  }

 private:
  const std::size_t room_;
  std::string bytes_{};
  std::size_t used_ = 0;
};

}  // namespace cachekit
