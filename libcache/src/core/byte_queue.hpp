#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cachekit {

/// Bytes that came and were not used up yet.
///
/// Cost: a byte is copied once when it comes and, all in all, at most once more. Limits: memory is
/// at most four times the most that ever waited, until `trim`.
class ByteQueue {
 public:
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

  /// Gives back the memory of an empty queue, unless it is so little that the next bytes need it.
  void trim() noexcept {
    constexpr std::size_t worth_keeping = std::size_t{16} << 10U;
    if (bytes_.capacity() <= worth_keeping || !empty()) return;
    std::string().swap(bytes_);  // An assignment may keep the memory.
    used_ = 0;
  }

 private:
  std::string bytes_{};
  std::size_t used_ = 0;
};

}  // namespace cachekit
