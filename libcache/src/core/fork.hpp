#pragma once

#include "core/internal.hpp"

#include <cachekit/error.hpp>

#include <cstdint>

namespace cachekit::core {

/// How often this process has been forked off since its ancestor loaded the library: 0 in the
/// ancestor, one more in each child. What was made under another number belongs to a parent.
/// Cost: one load.
[[nodiscard]] CACHEKIT_INTERNAL std::uint32_t fork_generation() noexcept;

/// The error of a request that a parent of this process began.
[[nodiscard]] CACHEKIT_INTERNAL Error inherited_request() noexcept;

}  // namespace cachekit::core
