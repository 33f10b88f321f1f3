#include "memory/striped_lock.hpp"

#include <thread>

namespace cachekit::memory {
namespace {

// Who is in stays for less than a microsecond, unless it has lost the processor.
constexpr int patience = 64;

void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

// False when it holds the mutex instead.
bool StripedLock::Reading::wait_to_enter() {
  for (int looks = 0; looks < patience; ++looks) {
    pause();
    if (!lock_.barred_.load(std::memory_order_relaxed) && enter()) return true;
  }
  lock_.mutex_.lock();
  return false;
}

void StripedLock::unlock_in_child() noexcept {
  for (Readers& readers : readers_) {
    readers.owner.store(0, std::memory_order_relaxed);
    readers.others.store(0, std::memory_order_relaxed);
  }
  unlock();
}

void StripedLock::lock() {
  int tries = 0;
  while (!mutex_.try_lock()) {
    if (++tries >= patience) {
      mutex_.lock();
      break;
    }
    pause();
  }
  barred_.store(true, std::memory_order_seq_cst);
  for (const Readers& readers : readers_) {
    for (int looks = 0; readers.owner.load(std::memory_order_seq_cst) > 0 ||
                        readers.others.load(std::memory_order_seq_cst) > 0;
         ++looks) {
      if (looks < patience) {
        pause();
      } else {
        std::this_thread::yield();
      }
    }
  }
}

}  // namespace cachekit::memory
