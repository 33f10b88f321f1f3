#pragma once

#include <cachekit/report.hpp>

#include <string_view>

namespace cachekit::memcached {

/// The figures in "name value" lines, as `Reply::value` holds them. What is not there, or is no
/// number, stays empty. The rate of operations is always empty: the server has no such figure.
[[nodiscard]] NodeStats read_server_stats(std::string_view lines);

}  // namespace cachekit::memcached
