#include "interrupt.hpp"

#include <atomic>
#include <csignal>

namespace cachekit::cli {
namespace {

// Written by a handler and polled by every worker, so it is atomic, and a handler may only touch
// what is lock-free.
std::atomic<bool> was_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void on_interrupt(int signal) {
  was_interrupted.store(true, std::memory_order_relaxed);
  std::signal(signal, SIG_DFL);
}

}  // namespace

void handle_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;  // No SA_RESTART: a read from the terminal ends too.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept { return was_interrupted.load(std::memory_order_relaxed); }

}  // namespace cachekit::cli
