#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace cachekit::net {

/// Whether a later write of the same key has been begun: a write that was refused must not be
/// carried out behind it, which it would undo. A write without a key (of all keys, or of keys that
/// nobody has told apart) is a later one of every key. The writes of keys of one hash are counted
/// together, so it may say so of a key that has no later one.
///
/// What is asked here and sent then is two steps: a write that another thread begins between them
/// may be sent first.
///
/// Threads: all members may be called from any thread at once. Cost: a hash and two atomic
/// operations; 64 KiB.
class WriteOrder {
 public:
  struct Ticket {
    std::uint32_t of_key = 0;
    std::uint32_t of_all = 0;
  };

  /// To be called before the write goes anywhere.
  Ticket begin(std::string_view key) noexcept {
    if (key.empty()) return {0, all_.fetch_add(1, std::memory_order_acq_rel) + 1};
    const std::uint32_t of_key = begun_[place_of(key)].fetch_add(1, std::memory_order_acq_rel) + 1;
    return {of_key, all_.load(std::memory_order_acquire)};
  }
  [[nodiscard]] bool is_latest(std::string_view key, Ticket ticket) const noexcept {
    if (all_.load(std::memory_order_acquire) != ticket.of_all) return false;
    return key.empty() || begun_[place_of(key)].load(std::memory_order_acquire) == ticket.of_key;
  }

 private:
  static constexpr std::size_t places = 16384;

  [[nodiscard]] static std::size_t place_of(std::string_view key) noexcept {
    return std::hash<std::string_view>{}(key) % places;
  }

  std::array<std::atomic<std::uint32_t>, places> begun_{};
  std::atomic<std::uint32_t> all_{0};  // Those without a key.
};

}  // namespace cachekit::net
