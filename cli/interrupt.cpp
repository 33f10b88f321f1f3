#include "interrupt.hpp"

#include <csignal>

namespace cachekit::cli {
namespace {

volatile std::sig_atomic_t was_interrupted = 0;

void on_interrupt(int signal) {
  was_interrupted = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void handle_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;  // No SA_RESTART: a read from the terminal ends too.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept { return was_interrupted != 0; }

}  // namespace cachekit::cli
