#pragma once

#include "core/out_of_memory.hpp"

#include <cachekit/error.hpp>

#include <new>
#include <type_traits>
#include <utility>

namespace cachekit::memory {

/// That error, and where it was: in this cache. Allocates nothing.
[[nodiscard]] inline tl::unexpected<Error> out_of_memory() {
  Error error = cachekit::out_of_memory();
  error.endpoint = "memory";
  return fail(std::move(error));
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
