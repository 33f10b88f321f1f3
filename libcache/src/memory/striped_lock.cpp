#include "memory/striped_lock.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace cachekit::memory {
namespace {

// Who is in stays for less than a microsecond, unless it has lost the processor.
constexpr int patience = 64;
// Who has lost it may get it back when it is given away, if it is worth as much to the system.
constexpr int most_yields = 32;

void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Between two looks at somebody who is in. In the end it sleeps, for a reader of lower priority on
// the same processor gets no other chance to go on. It is not woken: that would cost each reader
// that leaves a look at whether somebody waits, ordered behind its leaving.
class Patience {
 public:
  void wait() {
    if (++looks_ <= patience) return pause();
    if (looks_ <= patience + most_yields) return std::this_thread::yield();
    Runtime::system().sleep_for(nap_);
    nap_ = std::min(nap_ * 2, longest_nap);
  }

 private:
  static constexpr std::chrono::microseconds longest_nap{250};

  int looks_ = 0;
  std::chrono::microseconds nap_{20};
};

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
    Patience patience_left;
    while (readers.owner.load(std::memory_order_seq_cst) > 0 ||
           readers.others.load(std::memory_order_seq_cst) > 0) {
      patience_left.wait();
    }
  }
}

}  // namespace cachekit::memory
