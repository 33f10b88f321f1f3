#pragma once

#include <string>
#include <string_view>

namespace cachekit::redis {

/// Where the lease of a key is kept: a key of its own, so that whoever reads the key finds what is
/// there, or nothing. It ends as no other key should, and is in the slot of its key in a cluster.
[[nodiscard]] std::string lease_key(std::string_view key);

[[nodiscard]] bool is_lease_key(std::string_view key) noexcept;

}  // namespace cachekit::redis
