#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace cachekit::net {

/// Whether a later write of the same key has been begun: a write that was refused must not be
/// carried out behind it, which it would undo. It counts the writes of keys of one hash together,
/// so it may say so of a key that has no later one.
///
/// Threads: all members may be called from any thread at once. Cost: a hash and an atomic
/// operation.
class WriteOrder {
 public:
  using Ticket = std::uint32_t;

  /// To be called before the write goes anywhere.
  Ticket begin(std::string_view key) noexcept {
    return begun_[place_of(key)].fetch_add(1, std::memory_order_acq_rel) + 1;
  }
  [[nodiscard]] bool is_latest(std::string_view key, Ticket ticket) const noexcept {
    return begun_[place_of(key)].load(std::memory_order_acquire) == ticket;
  }

 private:
  static constexpr std::size_t places = 1024;

  [[nodiscard]] static std::size_t place_of(std::string_view key) noexcept {
    return std::hash<std::string_view>{}(key) % places;
  }

  std::array<std::atomic<Ticket>, places> begun_{};
};

}  // namespace cachekit::net
