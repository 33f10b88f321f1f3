#pragma once

#include <cachekit/error.hpp>

#include <cstddef>
#include <filesystem>
#include <string>

namespace cachekit::config {

/// A whole file. Errors: `invalid_argument` with the reason alone ("no such file", "is a
/// directory", "is larger than 1MiB"); the caller says which file.
[[nodiscard]] Result<std::string> read_text_file(const std::filesystem::path& path,
                                                 std::size_t limit);

}  // namespace cachekit::config
