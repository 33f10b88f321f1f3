#pragma once

#include "core/out_of_memory.hpp"

#include <cachekit/error.hpp>

#include <new>
#include <stdexcept>

namespace cachekit {

/// Runs something that gives a `Result`; an allocation that fails in it is an error with this code.
/// `outcome_unknown` for what may have been sent when it failed.
template <typename Run>
[[nodiscard]] auto guarded(Errc code, const Run& run) -> decltype(run()) {
  try {
    return run();
  } catch (const std::bad_alloc&) {
    return fail(out_of_memory(code));
  } catch (const std::length_error&) {  // More than any allocation could give.
    return fail(out_of_memory(code));
  }
}

/// Runs something that only describes; nothing is said where there is no memory for the
/// description.
template <typename Describe>
[[nodiscard]] auto or_nothing(const Describe& describe) -> decltype(describe()) {
  try {
    return describe();
  } catch (const std::bad_alloc&) {
    return {};
  } catch (const std::length_error&) {
    return {};
  }
}

}  // namespace cachekit
