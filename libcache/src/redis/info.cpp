#include "redis/info.hpp"

#include <algorithm>
#include <charconv>

namespace cachekit::redis {
namespace {

template <typename Number>
std::optional<Number> number(const Info& info, std::string_view name) {
  const std::string_view text = find(info, name);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

bool is_database(std::string_view name) {
  return name.size() > 2 && name.starts_with("db") &&
         name.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

}  // namespace

Info parse_info(std::string_view text) {
  Info info;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\r\n"), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    const std::size_t colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    info.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  return info;
}

std::string_view find(const Info& info, std::string_view name) noexcept {
  const auto row =
      std::ranges::find(info, name, [](const auto& r) -> const std::string& { return r.first; });
  return row == info.end() ? std::string_view() : std::string_view(row->second);
}

std::optional<std::uint64_t> keys_of_all(std::string_view text) {
  if (text.find("# Keyspace") == std::string_view::npos) return std::nullopt;
  std::uint64_t sum = 0;
  for (const auto& [name, value] : parse_info(text)) {
    if (!is_database(name)) continue;
    constexpr std::string_view first = "keys=";
    std::uint64_t keys = 0;
    if (!value.starts_with(first) ||
        std::from_chars(value.data() + first.size(), value.data() + value.size(), keys).ec !=
            std::errc{}) {
      return std::nullopt;
    }
    sum += keys;
  }
  return sum;
}

NodeStats stats_of(Info info) {
  using Count = std::uint64_t;
  NodeStats stats;
  stats.version = find(info, "redis_version");
  stats.uptime_seconds = number<Count>(info, "uptime_in_seconds");
  stats.connections = number<Count>(info, "connected_clients");
  stats.bytes = number<Count>(info, "used_memory");
  stats.max_bytes = number<Count>(info, "maxmemory");
  if (stats.max_bytes == Count{0}) stats.max_bytes.reset();
  stats.hits = number<Count>(info, "keyspace_hits");
  stats.misses = number<Count>(info, "keyspace_misses");
  stats.evictions = number<Count>(info, "evicted_keys");
  stats.expired = number<Count>(info, "expired_keys");
  stats.operations_per_second = number<double>(info, "instantaneous_ops_per_sec");
  stats.raw = std::move(info);
  return stats;
}

}  // namespace cachekit::redis
