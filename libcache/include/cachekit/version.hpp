#pragma once

#include <cachekit/export.hpp>

/// The version of these headers. The build reads it from here; nothing else states it.
#define CACHEKIT_VERSION_MAJOR 0
#define CACHEKIT_VERSION_MINOR 1
#define CACHEKIT_VERSION_PATCH 0

namespace cachekit {

/// The version of the linked library, such as "0.1.0".
/// Threads: any.
[[nodiscard]] CACHEKIT_API const char* version() noexcept;

}  // namespace cachekit
