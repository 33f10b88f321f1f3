#include "core/thread_slot.hpp"

#include <atomic>
#include <bit>

namespace cachekit::core {
namespace {

constinit std::atomic<std::uint32_t> owned_slots{0};  // A bit for each.
constinit std::atomic<std::uint32_t> next_shared{0};

// The number of a slot that is owned from now on; `count` when all are.
std::size_t take_slot() noexcept {
  std::uint32_t owned = owned_slots.load(std::memory_order_relaxed);
  while (true) {
    const auto number = static_cast<std::size_t>(std::countr_one(owned));
    if (number >= ThreadSlot::count) return ThreadSlot::count;
    // What the last owner left there is seen.
    if (owned_slots.compare_exchange_weak(owned, owned | std::uint32_t{1} << number,
                                          std::memory_order_acq_rel, std::memory_order_relaxed)) {
      return number;
    }
  }
}

}  // namespace

// Gives the slot back when the thread ends. Whatever the thread destroys after this may still use
// the slot, as one of those who share it.
class ThreadSlot::Owner {
 public:
  Owner() noexcept = default;
  ~Owner() {
    chosen.owned_ = false;
    owned_slots.fetch_and(~(std::uint32_t{1} << chosen.number_), std::memory_order_acq_rel);
  }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
};

void ThreadSlot::choose() noexcept {
  chosen.chosen_ = true;
  const std::size_t taken = take_slot();
  if (taken == count) {
    chosen.number_ =
        static_cast<std::uint8_t>(next_shared.fetch_add(1, std::memory_order_relaxed) % count);
    return;
  }
  chosen.number_ = static_cast<std::uint8_t>(taken);
  chosen.owned_ = true;
  thread_local const Owner owner;
}

}  // namespace cachekit::core
