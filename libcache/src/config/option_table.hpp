#pragma once

#include <cachekit/config.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace cachekit::config {

/// The row of a key, or null.
[[nodiscard]] const Option* find_option(std::string_view key) noexcept;

/// The refusal of a key that no row has, with the one that was probably meant.
[[nodiscard]] Error unknown_option(std::string_view key);

/// What a secret looks like when it is shown.
inline constexpr std::string_view mask = "********";

/// Empties a credential, the password's file or the socket's path, and puts its origin back to
/// "default".
void clear_option(Settings& settings, std::string_view key);

}  // namespace cachekit::config
