#pragma once

#include <cachekit/config.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace cachekit::config {

/// A variable's value; one that is empty counts as unset.
[[nodiscard]] std::optional<std::string> lookup(const Environment& environment,
                                                std::string_view name);

/// Applies every option whose variable is set. `skipped` is a key to leave alone, or empty.
[[nodiscard]] Result<void> apply_environment(Settings& settings, const Environment& environment,
                                             std::string_view skipped = {});

}  // namespace cachekit::config
