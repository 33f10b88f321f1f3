#include "evictions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// What a cache holds, or may hold.
struct Load {
  double entries = 0;
  double bytes = 0;
};

// As the cache chooses it: a power of two, so that a part has enough (`InMemoryConfig::shards`).
double parts_of(const InMemoryConfig& config, const Load& bounds) {
  if (config.shards != 0) return static_cast<double>(config.shards);
  const double least_bytes = static_cast<double>(mebibytes(4).count);
  constexpr double least_entries = 4096;
  constexpr double most = 64;
  const double parts = std::min({most, bounds.bytes / least_bytes, bounds.entries / least_entries});
  return std::exp2(std::floor(std::log2(std::max(1.0, parts))));
}

// Parts of a cache share its bounds, and one may be full before the others: the fewer entries it
// has, the more each of them weighs.
double spare(double entries, double parts) {
  constexpr double least = 1.25;
  constexpr double deviations = 14;  // Of equal entries: about four, where a tenth is much larger.
  return std::max(least, 1 + deviations * std::sqrt(std::max(0.0, parts - 1) / entries));
}

// Larger bounds may be shared by more parts, which takes more spare again.
Load with_spare(const InMemoryConfig& config, const Load& bounds, const Load& all, double entries) {
  double parts = parts_of(config, bounds);
  while (true) {
    const double factor = spare(entries, parts);
    const Load wanted{all.entries * factor, all.bytes * factor};
    const double more = parts_of(
        config, {std::max(wanted.entries, bounds.entries), std::max(wanted.bytes, bounds.bytes)});
    if (more <= parts) return wanted;
    parts = more;
  }
}

}  // namespace

std::optional<Held> held_by(CacheBackend& backend) {
  Held held;
  const StatsReport report = backend.stats();
  for (const NodeStats& node : report.nodes) {
    if (node.error || !node.items || !node.evictions) return std::nullopt;
    held.items += *node.items;
    held.bytes += node.bytes.value_or(0);
    held.evictions += *node.evictions;
  }
  return held;
}

std::string evictions_text(std::uint64_t evicted, std::uint64_t items) {
  return fmt::format("{} entr{} had to make room: {} are still there now", evicted,
                     evicted == 1 ? "y" : "ies", items);
}

std::string more_room(const InMemoryConfig& config, const Held& held, std::uint64_t evicted,
                      double mean_bytes) {
  const auto items = static_cast<double>(std::max<std::uint64_t>(1, held.items));
  const double growth = (items + static_cast<double>(evicted)) / items;
  // Large entries may have gone first.
  const Load kept{items, std::max(static_cast<double>(held.bytes), items * mean_bytes)};
  const Load bounds{config.max_entries == 0 ? std::numeric_limits<double>::infinity()
                                            : static_cast<double>(config.max_entries),
                    static_cast<double>(config.capacity.count)};
  // The bound that was nearer was in the way.
  const bool by_items = items / bounds.entries > static_cast<double>(held.bytes) / bounds.bytes;
  const Load all{(by_items ? std::max(kept.entries, bounds.entries) : kept.entries) * growth,
                 (by_items ? kept.bytes : std::max(kept.bytes, bounds.bytes)) * growth};
  const Load wanted = with_spare(config, bounds, all, items * growth);
  std::string text = "give it more room:";
  if (wanted.entries > bounds.entries) {
    text += fmt::format(" --option memory.max_entries={:.0f}", std::ceil(wanted.entries));
  }
  if (wanted.bytes > bounds.bytes) {
    const double mebibyte = static_cast<double>(mebibytes(1).count);
    text += fmt::format(" --option memory.capacity={:.0f}MiB", std::ceil(wanted.bytes / mebibyte));
  }
  return text;
}

}  // namespace cachekit::cli
