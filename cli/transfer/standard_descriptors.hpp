#pragma once

namespace cachekit::cli {

/// Opens /dev/null on each of the descriptors 0, 1 and 2 that is closed, so that no socket and no
/// file can take its place, and remembers which. To be called before anything else.
void fill_standard_descriptors() noexcept;

/// Whether the descriptor (0, 1 or 2) was open when the process began, and in the direction that
/// it is for: what is read from the others, or written to them, is lost.
[[nodiscard]] bool is_usable(int standard_descriptor) noexcept;

}  // namespace cachekit::cli
