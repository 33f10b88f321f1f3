#include "memory/ghost.hpp"

#include <algorithm>

namespace cachekit::memory {

Ghost::Ghost(std::size_t keys)
    : buckets_(std::max<std::size_t>(1, (keys + bucket_size - 1) / bucket_size)) {}

// The hash has chosen a place in the index already; its bits are spread anew.
Ghost::Position Ghost::position(std::uint32_t hash) noexcept {
  std::uint64_t mixed = hash * 0x9E3779B97F4A7C15U;
  mixed ^= mixed >> 32U;
  mixed *= 0xD6E8FEB86659FD93U;
  const auto bucket = static_cast<std::size_t>(((mixed >> 32U) * buckets_.size()) >> 32U);
  const auto mark = static_cast<std::uint16_t>(mixed);
  return {buckets_[bucket], std::max<std::uint16_t>(mark, 1)};
}

void Ghost::add(std::uint32_t hash, Time when, Time now) noexcept {
  const auto [bucket, mark] = position(hash);
  const auto age = [now](const Slot& slot) { return static_cast<Time>(now - slot.when); };
  Slot* chosen = &bucket.front();
  for (Slot& slot : bucket) {
    if (slot.mark == 0 || slot.mark == mark) {
      chosen = &slot;
      break;
    }
    if (age(slot) > age(*chosen)) chosen = &slot;
  }
  *chosen = {.mark = mark, .when = when};
}

std::optional<Ghost::Time> Ghost::take(std::uint32_t hash, Time now) noexcept {
  const auto [bucket, mark] = position(hash);
  for (Slot& slot : bucket) {
    if (slot.mark != mark) continue;
    slot.mark = 0;
    return static_cast<Time>(now - slot.when);
  }
  return std::nullopt;
}

}  // namespace cachekit::memory
