#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::config {

/// Text of the user's between quotes, safe to print: what is not printable ASCII is escaped, and a
/// long text is cut. Never for secrets.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// "a, b, c".
[[nodiscard]] std::string joined(std::span<const std::string> words);

/// The candidate that was probably meant, or empty when none is near: a few letters apart, or
/// ending in ".WORD".
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> candidates);

/// The parts between separators, without blanks around them; an empty text has none.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

/// Without blanks and tabs at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// In lower case, as far as ASCII goes.
[[nodiscard]] std::string lower(std::string_view text);

}  // namespace cachekit::config
