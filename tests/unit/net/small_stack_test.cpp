// Programs start threads with small stacks, and what is thread-local in a library is taken from
// each of them. A sanitizer keeps things of its own there.
#include "support/sanitized.hpp"

#ifndef CACHEKIT_SANITIZED

#include "support/catch.hpp"

#include <climits>
#include <cstddef>

#include <link.h>
#include <pthread.h>

namespace {

// What the program itself, the library in it, has for each thread. Shared libraries have their own.
std::size_t thread_local_bytes() {
  std::size_t bytes = 0;
  const auto add = [](dl_phdr_info* info, std::size_t, void* sum) {
    for (int i = 0; i < info->dlpi_phnum; ++i) {
      if (info->dlpi_phdr[i].p_type == PT_TLS) {
        *static_cast<std::size_t*>(sum) += info->dlpi_phdr[i].p_memsz;
      }
    }
    return 1;  // The program comes first.
  };
  ::dl_iterate_phdr(add, &bytes);
  return bytes;
}

}  // namespace

TEST_CASE("a program with a channel in it starts threads with the smallest stack there is",
          "[net]") {
  CHECK(thread_local_bytes() <= 4096);

  pthread_attr_t attributes{};
  REQUIRE(::pthread_attr_init(&attributes) == 0);
  const auto smallest = static_cast<std::size_t>(PTHREAD_STACK_MIN);
  CHECK(::pthread_attr_setstacksize(&attributes, smallest) == 0);
  pthread_t thread{};
  int ran = 0;
  const int started = ::pthread_create(
      &thread, &attributes,
      [](void* done) -> void* {
        *static_cast<int*>(done) = 1;
        return nullptr;
      },
      &ran);
  CHECK(started == 0);
  if (started == 0) ::pthread_join(thread, nullptr);
  CHECK(ran == 1);
  ::pthread_attr_destroy(&attributes);
}

#endif
