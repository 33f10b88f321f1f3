#include "support/allocations.hpp"

#include "support/sanitized.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

#include <malloc.h>

// The C library's own, for what replaces it. A sanitizer wants to replace it itself.
#ifdef CACHEKIT_SANITIZED
#define CACHEKIT_MALLOC std::malloc
#define CACHEKIT_FREE std::free
#define CACHEKIT_MEMALIGN ::memalign
#else
extern "C" {
void* __libc_malloc(std::size_t bytes);                          // NOLINT
void* __libc_calloc(std::size_t count, std::size_t bytes);       // NOLINT
void* __libc_realloc(void* block, std::size_t bytes);            // NOLINT
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT
void __libc_free(void* block);                                   // NOLINT
}
#define CACHEKIT_MALLOC __libc_malloc
#define CACHEKIT_FREE __libc_free
#define CACHEKIT_MEMALIGN __libc_memalign
#endif

namespace cachekit::test {
namespace {

// How many allocations succeed before some fail, and how many those are.
struct Shortage {
  std::size_t good = 0;
  std::size_t bad = 0;
};
thread_local Shortage in_thread;
std::atomic<std::size_t> good_in_process{0};
std::atomic<std::size_t> bad_in_process{0};
thread_local bool happened_in_thread = false;
std::atomic<bool> happened_in_process{false};

std::atomic<std::size_t> live{0};
std::atomic<std::size_t> peak{0};

// Takes one of them, if any is left.
bool take(std::atomic<std::size_t>& amount) noexcept {
  std::size_t left = amount.load(std::memory_order_relaxed);
  while (left > 0) {
    if (amount.compare_exchange_weak(left, left - 1)) return true;
  }
  return false;
}

bool fails() noexcept {
  if (in_thread.bad > 0) {
    if (in_thread.good > 0) {
      --in_thread.good;
    } else {
      --in_thread.bad;
      happened_in_thread = true;
      errno = ENOMEM;  // The C library relies on it.
      return true;
    }
  }
  if (bad_in_process.load(std::memory_order_relaxed) == 0 || take(good_in_process)) return false;
  if (!take(bad_in_process)) return false;
  happened_in_process = true;
  errno = ENOMEM;
  return true;
}

void* counted(void* block) noexcept {
  if (block == nullptr) return block;
  const std::size_t bytes = ::malloc_usable_size(block);
  const std::size_t now = live.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::size_t most = peak.load(std::memory_order_relaxed);
  while (now > most && !peak.compare_exchange_weak(most, now)) {
  }
  return block;
}

void discount(void* block) noexcept {
  if (block != nullptr) live.fetch_sub(::malloc_usable_size(block), std::memory_order_relaxed);
}

void* allocate(std::size_t bytes) noexcept {
  if (fails()) return nullptr;
  return counted(CACHEKIT_MALLOC(bytes == 0 ? 1 : bytes));
}

void* allocate(std::size_t bytes, std::align_val_t alignment) noexcept {
  if (fails()) return nullptr;
  return counted(CACHEKIT_MEMALIGN(static_cast<std::size_t>(alignment), bytes == 0 ? 1 : bytes));
}

void release(void* block) noexcept {
  discount(block);
  CACHEKIT_FREE(block);
}

template <typename... Alignment>
void* allocate_or_throw(std::size_t bytes, Alignment... alignment) {
  void* const block = allocate(bytes, alignment...);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

FailingAllocation::FailingAllocation(Scope scope, std::size_t number, std::size_t more) noexcept
    : scope_(scope) {
  if (scope_ == Scope::thread) {
    happened_in_thread = false;
    in_thread = {.good = number - 1, .bad = 1 + more};
  } else {
    happened_in_process = false;
    good_in_process = number - 1;
    bad_in_process = 1 + more;
  }
}

FailingAllocation::~FailingAllocation() {
  if (scope_ == Scope::thread) {
    in_thread = {};
  } else {
    bad_in_process = 0;
  }
}

bool FailingAllocation::happened() const noexcept {
  return scope_ == Scope::thread ? happened_in_thread : happened_in_process.load();
}

std::size_t live_bytes() noexcept { return live; }
std::size_t peak_bytes() noexcept { return peak; }
void forget_peak() noexcept { peak = live.load(); }

}  // namespace cachekit::test

using cachekit::test::allocate;
using cachekit::test::allocate_or_throw;
using cachekit::test::release;

void* operator new(std::size_t bytes) { return allocate_or_throw(bytes); }
void* operator new[](std::size_t bytes) { return allocate_or_throw(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate_or_throw(bytes, alignment);
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return allocate_or_throw(bytes, alignment);
}
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return allocate(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment,
                   const std::nothrow_t& /*tag*/) noexcept {
  return allocate(bytes, alignment);
}
void* operator new[](std::size_t bytes, std::align_val_t alignment,
                     const std::nothrow_t& /*tag*/) noexcept {
  return allocate(bytes, alignment);
}
void operator delete(void* block) noexcept { release(block); }
void operator delete[](void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
void operator delete[](void* block, std::size_t) noexcept { release(block); }
void operator delete(void* block, std::align_val_t) noexcept { release(block); }
void operator delete[](void* block, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { release(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, const std::nothrow_t& /*tag*/) noexcept { release(block); }
void operator delete[](void* block, const std::nothrow_t& /*tag*/) noexcept { release(block); }
void operator delete(void* block, std::align_val_t, const std::nothrow_t& /*tag*/) noexcept {
  release(block);
}
void operator delete[](void* block, std::align_val_t, const std::nothrow_t& /*tag*/) noexcept {
  release(block);
}

#ifndef CACHEKIT_SANITIZED
// What C libraries below the code under test ask for, such as the buffer of a reader of replies.
extern "C" {
void* malloc(std::size_t bytes) noexcept { return allocate(bytes); }

// It never fails: the C library ends the process where it gets none for what a thread leaves
// behind.
void* calloc(std::size_t count, std::size_t bytes) noexcept {
  return cachekit::test::counted(__libc_calloc(count, bytes));
}

void* realloc(void* block, std::size_t bytes) noexcept {
  if (cachekit::test::fails()) return nullptr;
  const std::size_t before = block == nullptr ? 0 : ::malloc_usable_size(block);
  void* const moved = __libc_realloc(block, bytes);
  if (moved == nullptr && bytes > 0) return nullptr;
  cachekit::test::live.fetch_sub(before, std::memory_order_relaxed);
  return cachekit::test::counted(moved);
}

void free(void* block) noexcept { release(block); }

void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  return allocate(bytes, static_cast<std::align_val_t>(alignment));
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return allocate(bytes, static_cast<std::align_val_t>(alignment));
}

int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) noexcept {
  *block = allocate(bytes, static_cast<std::align_val_t>(alignment));
  return *block == nullptr ? ENOMEM : 0;
}
}
#endif
