#pragma once

#include <cachekit/error.hpp>

#include <new>
#include <type_traits>

namespace cachekit::memory {

/// The error for a failed allocation. Cost: no allocation; its texts are short enough to lie within
/// the strings.
[[nodiscard]] inline tl::unexpected<Error> out_of_memory() {
  return fail(Errc::overloaded, "out of memory", "memory");
}

/// What a call gives, or that error.
template <typename Call>
[[nodiscard]] std::invoke_result_t<const Call&> or_out_of_memory(const Call& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

}  // namespace cachekit::memory
