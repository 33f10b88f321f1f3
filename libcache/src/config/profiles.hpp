#pragma once

#include <cachekit/config.hpp>

#include <span>
#include <string_view>

namespace cachekit::config {

/// "dev", "test" and "prod".
[[nodiscard]] std::span<const std::string_view> built_in_profiles() noexcept;
[[nodiscard]] bool is_built_in(std::string_view name) noexcept;

/// Applies a built-in profile; does nothing for any other name.
[[nodiscard]] Result<void> apply_built_in(Settings& settings, std::string_view name,
                                          const Environment& environment);

}  // namespace cachekit::config
