#pragma once

#include <cachekit/config.hpp>

#include <string>
#include <string_view>

namespace cachekit::config {

/// As `cachekit::apply_url`, with the environment that `~` is expanded from.
[[nodiscard]] Result<void> apply_url(Settings& settings, std::string_view url,
                                     const std::string& origin, const Environment& environment);

}  // namespace cachekit::config
