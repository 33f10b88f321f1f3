#include "core/descriptor.hpp"

#include "support/catch.hpp"
#include "support/closed_standard.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace cachekit;
using test::ClosedStandard;
using test::Descriptor;

TEST_CASE("a descriptor is moved above the standard ones and stays closed on exec", "[core]") {
  Descriptor moved;
  int first = -1, taken = -1;
  {
    const ClosedStandard closed;
    first = ::eventfd(7, EFD_CLOEXEC | EFD_NONBLOCK);
    moved = Descriptor(core::above_standard(first));
    taken = ClosedStandard::taken();
  }
  CHECK(first <= STDERR_FILENO);
  CHECK(moved.get() > STDERR_FILENO);
  CHECK(taken == 0);
  CHECK((::fcntl(moved.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(moved.get(), F_GETFL) & O_NONBLOCK) != 0);
  eventfd_t held = 0;
  CHECK(::eventfd_read(moved.get(), &held) == 0);
  CHECK(held == 7);
}

TEST_CASE("a descriptor above the standard ones stays what it is", "[core]") {
  const Descriptor event(::eventfd(0, EFD_CLOEXEC));
  CHECK(core::above_standard(event.get()) == event.get());
}

TEST_CASE("where no descriptor is to be had, the reason is kept and nothing is open", "[core]") {
  errno = EMFILE;
  CHECK(core::above_standard(-1) == -1);
  CHECK(errno == EMFILE);

  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  int moved = 0, why = 0, taken = -1;
  {
    const ClosedStandard closed;
    const int first = ::eventfd(0, EFD_CLOEXEC);
    const rlimit none_above{.rlim_cur = 3, .rlim_max = limit.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none_above);
    moved = core::above_standard(first);
    why = errno;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    taken = ClosedStandard::taken();
  }
  CHECK(moved == -1);
  CHECK((why == EMFILE || why == EINVAL));
  CHECK(taken == 0);
}
