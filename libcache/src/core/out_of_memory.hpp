#pragma once

#include <cachekit/error.hpp>

namespace cachekit {

/// The error for an allocation that failed. Allocates nothing: its text fits into a string that has
/// no memory of its own.
[[nodiscard]] inline Error out_of_memory(Errc code = Errc::overloaded) noexcept {
  return {code, "out of memory", {}, {}};
}

}  // namespace cachekit
