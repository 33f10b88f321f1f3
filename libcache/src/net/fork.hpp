#pragma once

#include <cstdint>

namespace cachekit::net {

/// How often this process has been forked off since its ancestor loaded the library: 0 in the
/// ancestor, one more in each child. What was made under another number belongs to a parent.
/// Cost: one load.
[[nodiscard]] std::uint32_t fork_generation() noexcept;

}  // namespace cachekit::net
