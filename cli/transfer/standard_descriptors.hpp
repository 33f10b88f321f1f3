#pragma once

#include <filesystem>
#include <optional>

namespace cachekit::cli {

/// Opens /dev/null on each of the descriptors 0, 1 and 2 that is closed, so that no socket and no
/// file can take its place, and remembers which. To be called before anything else.
void fill_standard_descriptors() noexcept;

/// Whether the descriptor (0, 1 or 2) was open when the process began, and in the direction that
/// it is for: what is read from the others, or written to them, is lost.
[[nodiscard]] bool is_usable(int standard_descriptor) noexcept;

/// Which of the three the path names, as /dev/stdin, /dev/fd/0, /proc/self/fd/0 and links to them
/// do; nothing for all other paths.
[[nodiscard]] std::optional<int> standard_descriptor_of(const std::filesystem::path& path);

/// Whether what is read from the path would be the /dev/null in the place of a descriptor that was
/// closed: no input that somebody meant to be empty.
[[nodiscard]] bool names_closed_descriptor(const std::filesystem::path& path);

}  // namespace cachekit::cli
