#pragma once

#include <cachekit/error.hpp>

#include <string>
#include <string_view>

namespace cachekit {

/// What an error says of an allocation that failed: short enough for a string that has no memory of
/// its own.
inline constexpr std::string_view no_memory = "out of memory";

/// The error for an allocation that failed. Allocates nothing.
[[nodiscard]] inline Error out_of_memory(Errc code = Errc::overloaded) noexcept {
  return {code, std::string(no_memory), {}, {}};
}

}  // namespace cachekit
