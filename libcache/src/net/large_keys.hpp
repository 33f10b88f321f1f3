#pragma once

#include "net/request.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string_view>

namespace cachekit::net {

/// Remembers which keys had large values (of `large_bytes` and more) lately, so that the next
/// request for one can be kept from holding up the small ones. It is a guess: keys are told apart
/// by their hash, old ones are forgotten. It helps others only, and does without where there is no
/// memory for it.
///
/// Threads: any. Cost: nothing but a load while no value was large; then a hash of the key and a
/// load. Memory: 32 KiB once there is something to remember.
class LargeKeys {
 public:
  LargeKeys() = default;
  ~LargeKeys() { delete table_.load(std::memory_order_relaxed); }
  LargeKeys(const LargeKeys&) = delete;
  LargeKeys& operator=(const LargeKeys&) = delete;

  [[nodiscard]] bool contains(std::string_view key) const noexcept {
    const Table* const table = table_.load(std::memory_order_acquire);
    if (table == nullptr) return false;
    const std::uint64_t hash = hash_of(key);
    return (*table)[hash % slots].load(std::memory_order_relaxed) == hash;
  }

  /// Notes the size of a value that was read or is being written.
  void note(std::string_view key, std::size_t bytes) noexcept {
    Table* table = table_.load(std::memory_order_acquire);
    const bool large = bytes >= large_bytes;
    if (table == nullptr) {
      if (!large) return;
      table = make_table();
      if (table == nullptr) return;
    }
    const std::uint64_t hash = hash_of(key);
    std::atomic<std::uint64_t>& slot = (*table)[hash % slots];
    const std::uint64_t kept = slot.load(std::memory_order_relaxed);
    if (large && kept != hash) slot.store(hash, std::memory_order_relaxed);
    if (!large && kept == hash) slot.store(0, std::memory_order_relaxed);
  }

 private:
  static constexpr std::size_t slots = 4096;
  using Table = std::array<std::atomic<std::uint64_t>, slots>;

  static std::uint64_t hash_of(std::string_view key) noexcept {
    return std::hash<std::string_view>{}(key) | 1U;  // 0 is an empty slot.
  }

  [[nodiscard]] Table* make_table() noexcept {
    std::unique_ptr<Table> fresh(new (std::nothrow) Table());
    Table* expected = nullptr;
    if (table_.compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel)) {
      return fresh.release();
    }
    return expected;
  }

  std::atomic<Table*> table_{nullptr};
};

}  // namespace cachekit::net
