#pragma once

#include <cachekit/config.hpp>

namespace cachekit::config {

/// Reads the first line of `redis_password_file` into the password, where a file is named.
/// Errors: `invalid_argument`, naming the file and where it was named.
[[nodiscard]] Result<void> read_password_file(Settings& settings);

}  // namespace cachekit::config
