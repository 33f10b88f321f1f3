#include "evictions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// Parts of a cache share its bounds, and one may be full before the others.
constexpr double spare = 1.25;

// How large a bound has to be for all; empty where it is so already.
std::optional<double> wanted(double used, double bound, double growth, bool in_the_way) {
  const double all = std::max(used, in_the_way ? bound : 0) * growth;
  return all > bound ? std::optional(all) : std::nullopt;
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

std::string more_room(const InMemoryConfig& config, const Held& held, std::uint64_t evicted) {
  constexpr double unbounded = std::numeric_limits<double>::infinity();
  const auto items = static_cast<double>(std::max<std::uint64_t>(1, held.items));
  const auto bytes = static_cast<double>(held.bytes);
  const auto capacity = static_cast<double>(config.capacity.count);
  const double most = config.max_items == 0 ? unbounded : static_cast<double>(config.max_items);
  const double growth = (items + static_cast<double>(evicted)) / items * spare;
  const bool by_items = items / most > bytes / capacity;  // The bound that was nearer.
  std::string text = "give it more room:";
  if (const auto entries = wanted(items, most, growth, by_items)) {
    text += fmt::format(" --option memory.max_items={:.0f}", std::ceil(*entries));
  }
  if (const auto size = wanted(bytes, capacity, growth, !by_items)) {
    const double mebibyte = static_cast<double>(mebibytes(1).count);
    text += fmt::format(" --option memory.capacity={:.0f}MiB", std::ceil(*size / mebibyte));
  }
  return text;
}

}  // namespace cachekit::cli
