#include "memory/striped_lock.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <cstdint>
#include <ctime>
#include <optional>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

using cachekit::memory::StripedLock;

namespace {

// What a thread does while it waits, if it is being watched.
struct Waiting {
  std::atomic<std::uint64_t> yields{0};
  std::atomic<std::uint64_t> sleeps{0};
};
thread_local Waiting* watched = nullptr;

}  // namespace

extern "C" int sched_yield() noexcept {
  if (watched != nullptr) ++watched->yields;
  return static_cast<int>(::syscall(SYS_sched_yield));
}

extern "C" int nanosleep(const timespec* wanted, timespec* left) {
  if (watched != nullptr) ++watched->sleeps;
  return static_cast<int>(::syscall(SYS_nanosleep, wanted, left));
}

TEST_CASE("a writer sleeps while it waits for a reader that does not get the processor",
          "[memory][lock]") {
  StripedLock lock;
  Waiting waiting;
  std::optional<StripedLock::Reading> reading(std::in_place, lock);
  std::thread writer([&] {
    watched = &waiting;
    const StripedLock::Writing writing(lock);
    watched = nullptr;
  });
  // A writer of real-time priority that only yields would keep this reader from leaving for good.
  while (waiting.sleeps < 3 && waiting.yields < 100'000) std::this_thread::yield();
  CHECK(waiting.sleeps >= 3);
  CHECK(waiting.yields < 1'000);
  reading.reset();
  writer.join();
}

TEST_CASE("a writer that has slept gets its turn, and those behind it theirs", "[memory][lock]") {
  StripedLock lock;
  Waiting waiting;
  int value = 0;
  int seen = 0;
  std::optional<StripedLock::Reading> reading(std::in_place, lock);
  std::thread writer([&] {
    watched = &waiting;
    const StripedLock::Writing writing(lock);
    watched = nullptr;
    value = 1;
  });
  while (waiting.sleeps == 0) std::this_thread::yield();
  std::thread late([&] {
    const StripedLock::Reading behind(lock);
    seen = value;
  });
  reading.reset();
  writer.join();
  late.join();
  CHECK(seen == 1);
}
