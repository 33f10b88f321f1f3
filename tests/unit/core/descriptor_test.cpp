#include "core/descriptor.hpp"

#include "support/catch.hpp"

#include <fcntl.h>
#include <unistd.h>

using cachekit::core::above_standard;

TEST_CASE("what was opened on a standard descriptor moves above them, and closes on exec",
          "[core][failures-39]") {
  const int kept = ::dup(STDIN_FILENO);
  ::close(STDIN_FILENO);
  const int opened = ::open("/dev/null", O_RDONLY);
  const int moved = above_standard(opened);
  const bool lowest_is_free = ::fcntl(STDIN_FILENO, F_GETFD) < 0;
  if (kept >= 0) {
    ::dup2(kept, STDIN_FILENO);
    ::close(kept);
  }
  CHECK(opened == STDIN_FILENO);
  CHECK(moved > STDERR_FILENO);
  CHECK(lowest_is_free);
  CHECK((::fcntl(moved, F_GETFD) & FD_CLOEXEC) != 0);
  ::close(moved);
}

TEST_CASE("a descriptor that is above them stays, and an error is handed through", "[core]") {
  const int opened = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int again = ::fcntl(opened, F_DUPFD_CLOEXEC, 10);
  CHECK(above_standard(again) == again);
  CHECK(above_standard(-1) == -1);
  ::close(again);
  ::close(opened);
}
