#include "memcached/server_stats.hpp"

#include "memcached/dialect.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace cachekit::memcached {
namespace {

std::string_view text_of(const NodeStats& stats, std::string_view name) {
  for (const auto& [known, value] : stats.raw) {
    if (known == name) return value;
  }
  return {};
}

std::optional<std::uint64_t> number_of(const NodeStats& stats, std::string_view name) {
  return parse_decimal(text_of(stats, name));
}

std::optional<std::uint64_t> sum(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
  if (!a || !b) return std::nullopt;
  return *a + *b;
}

}  // namespace

NodeStats read_server_stats(std::string_view lines) {
  NodeStats stats;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    stats.raw.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  stats.version = text_of(stats, "version");
  stats.uptime_seconds = number_of(stats, "uptime");
  stats.connections = number_of(stats, "curr_connections");
  stats.items = number_of(stats, "curr_items");
  stats.bytes = number_of(stats, "bytes");
  stats.max_bytes = number_of(stats, "limit_maxbytes");
  stats.hits = number_of(stats, "get_hits");
  stats.misses = number_of(stats, "get_misses");
  stats.evictions = number_of(stats, "evictions");
  stats.expired = sum(number_of(stats, "crawler_reclaimed"), number_of(stats, "reclaimed"));
  return stats;
}

}  // namespace cachekit::memcached
