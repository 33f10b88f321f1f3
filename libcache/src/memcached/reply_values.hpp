#pragma once

#include "memcached/command.hpp"

#include <cachekit/error.hpp>
#include <cachekit/ttl.hpp>

#include <cstdint>
#include <optional>
#include <string>

/// What a reply means to the caller of each operation.

namespace cachekit::memcached {

[[nodiscard]] Result<bool> as_done(Reply&& reply, const std::string& endpoint);
[[nodiscard]] Result<std::optional<std::string>> as_value(Reply&& reply,
                                                          const std::string& endpoint);
[[nodiscard]] Result<std::optional<Ttl>> as_ttl(Reply&& reply, const std::string& endpoint);
/// Requires: an entry was found. Errors: `rejected` above what 64 signed bits hold.
[[nodiscard]] Result<std::int64_t> as_counter(Reply&& reply, const std::string& endpoint);

/// All of it, for who takes several steps.
[[nodiscard]] Result<Reply> as_reply(Reply&& reply, const std::string& endpoint);

}  // namespace cachekit::memcached
