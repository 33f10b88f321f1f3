#include "core/thread_slot.hpp"

#include <atomic>
#include <bit>

#include <pthread.h>

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

void give_back(std::size_t number) noexcept {
  owned_slots.fetch_and(~(std::uint32_t{1} << number), std::memory_order_acq_rel);
}

}  // namespace

// Gives a slot back when its thread ends. Whatever the thread destroys after this may still use the
// slot, as one of those who share it. (A thread_local object with a destructor would end the
// program where there is no memory to register it.)
class ThreadSlot::Ownership {
 public:
  Ownership() noexcept : made_(pthread_key_create(&key_, end) == 0) {}
  /// False where there is no key, or no room under it.
  [[nodiscard]] bool begin(ThreadSlot& slot) const noexcept {
    slot.owned_ = made_ && pthread_setspecific(key_, &slot) == 0;
    return slot.owned_;
  }

 private:
  static void end(void* owned) noexcept {
    auto& slot = *static_cast<ThreadSlot*>(owned);
    slot.owned_ = false;
    give_back(slot.number_);
  }

  pthread_key_t key_{};
  bool made_;
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
  static const Ownership ownership;
  if (!ownership.begin(chosen)) give_back(taken);
}

}  // namespace cachekit::core
