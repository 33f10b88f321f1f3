#pragma once

#include <cachekit/export.hpp>

/// Stands at what is not for programs, but is used across the border of a shared library: by the
/// backends' libraries of the core's, and by configuration and the command. Nothing is promised
/// about it. Libraries of one build belong together. All of it is in namespaces of its own (`core`,
/// `net`, `memcached`), by which `scripts/lint.sh abi` tells it from the interface.
#define CACHEKIT_INTERNAL CACHEKIT_API
