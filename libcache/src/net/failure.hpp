#pragma once

#include "core/internal.hpp"

#include <cachekit/error.hpp>

#include <string>
#include <string_view>

namespace cachekit::net {

/// The error of a request whose connection is of no more use, in the words of every connection.
/// `broken`: a write was sent, at least in part, and its reply will not come; that makes an
/// `outcome_unknown` of all that does not say what the server did. Without memory for the words the
/// code still is right.
[[nodiscard]] CACHEKIT_INTERNAL Error connection_error(Errc code, std::string_view why,
                                                       const std::string& endpoint,
                                                       bool broken) noexcept;

/// Of a request that was not begun. As above without memory.
[[nodiscard]] CACHEKIT_INTERNAL Error too_late_to_begin(const std::string& endpoint) noexcept;

// Of requests that no caller waits for. As above without memory.
[[nodiscard]] Error backend_destroyed(const std::string& endpoint) noexcept;
[[nodiscard]] Error caller_withdrew(const std::string& endpoint) noexcept;
[[nodiscard]] Error no_thread(const std::string& endpoint) noexcept;
/// `behind`: it had to wait for what its thread had asked before.
[[nodiscard]] Error no_turn_in_time(const std::string& endpoint, bool behind) noexcept;

}  // namespace cachekit::net
