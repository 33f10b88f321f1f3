#pragma once

#include <cachekit/error.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit::config {

/// The pieces of SCHEME:[//[USER[:PASSWORD]@]AUTHORITY][PATH][?NAME=VALUE&...]. Everything but the
/// scheme and the authority is percent-decoded.
struct UrlParts {
  std::string scheme{};  ///< In lower case.
  std::optional<std::string> username{};
  std::optional<std::string> password{};
  bool has_authority = false;  ///< Whether "//" stood there.
  std::string authority{};     ///< "host:port" or a list of them, as written.
  std::string path{};
  std::vector<std::pair<std::string, std::string>> query{};
};

/// The scheme in lower case; empty when the text has none.
[[nodiscard]] std::string url_scheme(std::string_view url);

/// Errors: `invalid_argument`, naming the part. Nothing but names of query parameters is quoted:
/// with a character that should have been encoded, any part may hold a piece of the password.
[[nodiscard]] Result<UrlParts> split_url(std::string_view url);

[[nodiscard]] Result<std::string> percent_decode(std::string_view text, std::string_view part);

}  // namespace cachekit::config
