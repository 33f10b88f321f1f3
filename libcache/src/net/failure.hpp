#pragma once

#include <cachekit/error.hpp>

#include <string>

namespace cachekit::net {

/// The error of a request whose connection is in doubt, in the words of every connection.
/// `in_doubt`: a write was sent, at least in part, and its reply will not come; that makes
/// `unavailable` and `timeout` an `outcome_unknown`.
[[nodiscard]] Error connection_error(Errc code, std::string why, const std::string& endpoint,
                                     bool in_doubt);

}  // namespace cachekit::net
