#pragma once

// CACHEKIT_SANITIZED: a sanitizer watches memory, or threads, and takes both for itself. (GCC and
// clang tell it in ways of their own.)
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CACHEKIT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CACHEKIT_SANITIZED 1
#endif
#endif
