#pragma once

#include "tally.hpp"

namespace cachekit::soak {

/// How long the calling thread has waited for a processor so far: it could have run, and others did
/// (/proc/thread-self/schedstat). Zero where the kernel does not count that.
[[nodiscard]] clock::duration waited_for_processor();

}  // namespace cachekit::soak
