#pragma once

#include <cachekit/config.hpp>

namespace cachekit::cli {

/// The same settings with a very long time in place of no limit: a signal ends waits that have a
/// deadline, and no others.
[[nodiscard]] Settings endable(Settings settings);

}  // namespace cachekit::cli
