#include "shortage.hpp"

#include "support/sanitized.hpp"

#include <cerrno>
#include <cstdlib>
#include <new>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

// How many allocations of this thread succeed before some fail, and how many those are.
thread_local std::size_t good = 0;
thread_local std::size_t bad = 0;
thread_local bool some = false;

bool refused() noexcept {
  if (bad == 0) return false;
  if (good > 0) {
    --good;
    return false;
  }
  --bad;
  some = true;
  return true;
}

void* allocate(std::size_t bytes) {
  void* const block = refused() ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

Shortage::Shortage(std::size_t after, std::size_t length) noexcept {
  good = after;
  bad = length;
  some = false;
}

Shortage::~Shortage() { bad = 0; }

bool Shortage::begun() noexcept { return some; }
bool Shortage::over() noexcept { return bad == 0; }

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }

#ifndef CACHEKIT_SANITIZED
extern "C" void* mmap(void* where, std::size_t bytes, int protection, int flags, int file,
                      off_t offset) noexcept {
  if (refused()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): that is how a system call gives an address
  return reinterpret_cast<void*>(
      ::syscall(SYS_mmap, where, bytes, protection, flags, file, offset));
}
#endif
