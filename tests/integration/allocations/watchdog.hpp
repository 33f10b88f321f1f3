#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <signal.h>
#include <unistd.h>

namespace cachekit::test {

/// Ends the program, with a word on what was under way, when this object lives for too long: there
/// is no way to go on with a call that never comes back. Allocates nothing.
class Watchdog {
 public:
  static constexpr unsigned seconds = 60;

  Watchdog(const char* what, const char* scope, std::size_t number) {
    std::snprintf(words(), size, "\nhung: %s, failure %zu in the %s\n", what, number, scope);
    struct sigaction action {};
    action.sa_handler = bark;
    ::sigaction(SIGALRM, &action, nullptr);
    ::alarm(seconds);
  }
  ~Watchdog() { ::alarm(0); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  static constexpr std::size_t size = 200;

  static char* words() {
    static char text[size];
    return text;
  }
  static void bark(int) {
    static_cast<void>(!::write(STDERR_FILENO, words(), std::strlen(words())));
    ::_exit(1);
  }
};

}  // namespace cachekit::test
