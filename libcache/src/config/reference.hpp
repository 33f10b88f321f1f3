#pragma once

#include <cachekit/config.hpp>

#include <string>

namespace cachekit::config {

/// An option's default as TOML writes it: 6379, "500ms", [].
[[nodiscard]] std::string default_as_toml(const Option& option);

/// The table of all options in Markdown, as docs/configuration.md holds it.
[[nodiscard]] std::string option_table_markdown();

}  // namespace cachekit::config
