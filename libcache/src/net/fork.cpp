#include "net/fork.hpp"

#include <atomic>

#include <pthread.h>

namespace cachekit::net {
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

}  // namespace cachekit::net
