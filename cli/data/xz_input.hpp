#pragma once

#include "data/byte_stream.hpp"

namespace cachekit::cli {

/// As `open_input`, and decompresses what is an .xz file, whatever its name.
/// Errors: also `decode` from the function, when the compressed data is damaged or cut off.
/// Limits: a file that needs more than 256 MiB of memory to decompress is refused.
[[nodiscard]] Result<ReadSome> open_plain_or_xz(const std::string& path,
                                                std::function<bool()> interrupted);

}  // namespace cachekit::cli
