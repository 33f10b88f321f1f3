#pragma once

#include <cachekit/config.hpp>

#include <string>
#include <string_view>

namespace cachekit::config {

/// Parses, stores, and records where the value came from. A path's leading `~/` is expanded.
/// Errors: "ORIGIN: KEY: what was expected".
[[nodiscard]] Result<void> apply_option(Settings& settings, const Option& option,
                                        std::string_view text, const std::string& origin,
                                        const Environment& environment);

/// Whether its value lets somebody in, or tells of somebody who may.
[[nodiscard]] bool is_credential(const Option& option);

/// What is wrong with the text of an option, with that text in it: not where it may be a secret.
[[nodiscard]] Error naming_value(Error error, const Option& option, std::string_view text,
                                 const Environment& environment);

/// Settings of which every option has the origin "default".
[[nodiscard]] Settings default_settings();

/// What a key's value came from; empty when nobody recorded it.
[[nodiscard]] std::string_view origin_of(const Settings& settings, std::string_view key);

/// Where a value stands, for a message: "FILE:LINE: redis.port", or the key alone.
[[nodiscard]] std::string place_of(const Settings& settings, std::string_view key);

/// The file of an origin that reads FILE:LINE; empty for any other.
[[nodiscard]] std::filesystem::path file_of_origin(std::string_view origin);

/// Lowers `memcached.min_connections` to a smaller `max_connections`, unless somebody asked for it.
void fit_connections(Settings& settings);

}  // namespace cachekit::config
