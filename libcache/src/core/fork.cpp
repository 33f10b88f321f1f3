#include "core/fork.hpp"

#include "core/out_of_memory.hpp"

#include <atomic>
#include <new>

#include <pthread.h>

namespace cachekit::core {
namespace {

std::atomic<std::uint32_t> generation{0};

void count_fork() { generation.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

std::uint32_t fork_generation() noexcept {
  // Whoever asks first also asks to be told: nobody has made anything before that.
  static const int registered = pthread_atfork(nullptr, nullptr, count_fork);
  static_cast<void>(registered);
  return generation.load(std::memory_order_relaxed);
}

Error inherited_request() noexcept {
  try {
    return {Errc::unavailable,
            "this request belongs to the parent process",
            {},
            "start one of your own after fork()"};
  } catch (const std::bad_alloc&) {
    return out_of_memory(Errc::unavailable);
  }
}

}  // namespace cachekit::core
