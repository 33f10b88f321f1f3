#pragma once

/// What the shared libraries show to programs. `CACHEKIT_API` stands at every function of the
/// public headers that is not inline, and at every class that has such members or is part of one
/// that has; all else is hidden in them.
///
/// `CACHEKIT_SHARED` comes with the targets and with pkg-config when the libraries are shared.
/// Without it, the macro is empty: a shared library of yours that links cachekit statically does
/// not show cachekit to others.
#if defined(CACHEKIT_SHARED)
#define CACHEKIT_API __attribute__((visibility("default")))
#else
#define CACHEKIT_API
#endif
