#pragma once

#include "core/out_of_memory.hpp"

#include <cachekit/error.hpp>

#include <cstddef>
#include <new>
#include <stdexcept>
#include <vector>

namespace cachekit {

/// The same error for each of `size` elements. (Copies of a `Result` that holds an error end the
/// program where there is no memory for them: tl::expected declares that they cannot throw.)
template <typename Outcome>
[[nodiscard]] std::vector<Outcome> all_failed(std::size_t size, const Error& error) {
  std::vector<Outcome> outcomes;
  outcomes.reserve(size);
  for (std::size_t i = 0; i < size; ++i) outcomes.push_back(fail(Error(error)));
  return outcomes;
}

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

/// As `guarded`, for one outcome each of several elements. Errors: throws `std::bad_alloc` where
/// there is no memory for the errors either.
template <typename Run>
[[nodiscard]] auto guarded_batch(Errc code, std::size_t size, const Run& run) -> decltype(run()) {
  try {
    return run();
  } catch (const std::bad_alloc&) {
    return decltype(run())(size, fail(out_of_memory(code)));
  }
}

}  // namespace cachekit
