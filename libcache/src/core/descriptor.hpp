#pragma once

namespace cachekit::core {

/// The same open file under a number above 2, closed on exec; the given number is closed where it
/// was lower. Where a program runs with standard descriptors closed, a socket or a file must not
/// become what the program prints to. Negative numbers are handed through.
/// Errors: -1 with `errno`, and nothing is open then.
[[nodiscard]] int above_standard(int descriptor) noexcept;

}  // namespace cachekit::core
