#pragma once

#include "support/sanitized.hpp"

#include <cstddef>

#ifdef CACHEKIT_SANITIZED
// Of sanitizer/allocator_interface.h, which g++ does not bring.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#else
#include <malloc.h>
#endif

namespace cachekit::fuzz {

/// Bytes that are allocated now; 0 where the platform does not tell.
inline std::size_t heap_in_use() {
#ifdef CACHEKIT_SANITIZED
  return __sanitizer_get_current_allocated_bytes();
#elif defined(__GLIBC__)
  const struct mallinfo2 heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
#else
  return 0;
#endif
}

}  // namespace cachekit::fuzz
