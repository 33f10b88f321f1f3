#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace cachekit::config {

/// The line on which the `limit`-th dot outside of text and comments stands, counted over the whole
/// of a TOML document; empty when there are fewer.
///
/// A dotted key of n parts is n tables deep, and the parser recurses into each of them: without a
/// bound, a file of a few kilobytes would exhaust the stack.
[[nodiscard]] std::optional<std::size_t> line_of_key_dot(std::string_view toml, std::size_t limit);

}  // namespace cachekit::config
