#include "interrupt.hpp"

#include <cachekit/deadline.hpp>

#include <atomic>
#include <chrono>
#include <csignal>

namespace cachekit::cli {
namespace {

// What is nearly answered is answered by then.
constexpr auto grace = std::chrono::milliseconds(150);

// The first signal. Written by a handler and polled by every worker, so it is atomic, and a handler
// may only touch what is lock-free.
std::atomic<int> first_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free);

// Who ends a process and its group, as timeout(1) does, signals it twice at once and means one.
constexpr auto pair_window = std::chrono::milliseconds(200);
std::atomic<Deadline::clock::rep> signalled_at = 0;
static_assert(std::atomic<Deadline::clock::rep>::is_always_lock_free);

// A second signal ends the command as it is, unless it comes within `pair_window` of the first.
void on_interrupt(int signal) {
  const Deadline::clock::time_point now = Deadline::clock::now();
  Deadline::clock::rep first = 0;
  if (signalled_at.compare_exchange_strong(first, now.time_since_epoch().count())) {
    first_signal.store(signal, std::memory_order_relaxed);
    Deadline::cut_all(now + grace);
    return;
  }
  if (now.time_since_epoch() - Deadline::clock::duration(first) < pair_window) return;
  std::signal(signal, SIG_DFL);
  static_cast<void>(raise(signal));
}

bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void handle_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;  // No SA_RESTART: a read from the terminal ends too.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  if (!is_ignored(SIGHUP)) sigaction(SIGHUP, &action, nullptr);
}

bool interrupted() noexcept { return first_signal.load(std::memory_order_relaxed) != 0; }

ExitCode interrupted_code() noexcept {
  switch (first_signal.load(std::memory_order_relaxed)) {
    case SIGHUP:
      return ExitCode::hung_up;
    case SIGTERM:
      return ExitCode::terminated;
    default:
      return ExitCode::interrupted;
  }
}

}  // namespace cachekit::cli
