#pragma once

#include "core/internal.hpp"

namespace cachekit::core {

/// Moves a descriptor that was just opened above those of standard input, output and error, which
/// are free in a program that closed them: whatever the program, or a child of it, prints there
/// would go to a server or into a file. Closes the old one.
///
/// Takes and gives -1 for none; `errno` tells why, of whoever opened it or of the move.
/// Cost: none for a descriptor that is above them already.
[[nodiscard]] CACHEKIT_INTERNAL int above_standard(int descriptor) noexcept;

}  // namespace cachekit::core
