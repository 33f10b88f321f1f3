#include "memory/configuration.hpp"

#include "memory/limits.hpp"

#include <cachekit/units.hpp>

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace cachekit::memory {
namespace {

constexpr std::uint64_t least_shard_bytes = std::uint64_t{4} << 20U;
constexpr std::uint64_t least_shard_items = 4096;
constexpr std::uint64_t most_chosen_shards = 64;

}  // namespace

Bounds bounds_of(Bytes capacity, std::uint64_t items) noexcept {
  return {.bytes = capacity.count, .items = items == 0 ? max_entries : items};
}

std::uint64_t choose_shards(const Bounds& bounds, std::uint64_t wanted) noexcept {
  const std::uint64_t fewest = bounds.bytes == 0 ? 1 : (bounds.bytes - 1) / max_shard_bytes + 1;
  if (wanted > 0) return std::max(wanted, fewest);
  const std::uint64_t best =
      std::min(bounds.bytes / least_shard_bytes, bounds.items / least_shard_items);
  return std::max(std::bit_floor(std::clamp<std::uint64_t>(best, 1, most_chosen_shards)),
                  std::bit_ceil(fewest));
}

std::uint64_t most_shards(std::uint64_t shards, std::uint64_t wanted) noexcept {
  return wanted > 0 ? shards : std::max(shards, most_chosen_shards);
}

Result<void> check_bounds(const Bounds& bounds, std::uint64_t shards) {
  if (bounds.bytes == 0) {
    return fail(Errc::invalid_argument, "a capacity of 0 holds nothing", "memory",
                "give at least 1MiB");
  }
  if (bounds.bytes > max_shard_bytes * shards) {
    return fail(
        Errc::invalid_argument,
        fmt::format("a capacity of {} is too much for {} shards; at most {}",
                    format_bytes({bounds.bytes}), shards, format_bytes({max_shard_bytes * shards})),
        "memory", "to bound the entries only, give the memory that there is as capacity");
  }
  if (bounds.items < shards) {
    return fail(Errc::invalid_argument,
                fmt::format("{} entries are too few for {} shards", bounds.items, shards), "memory",
                "give a smaller capacity, or leave shards at 0 to have them chosen");
  }
  return {};
}

Result<void> check_config(const InMemoryConfig& config) {
  if (config.shards > max_shards) {
    return fail(Errc::invalid_argument,
                fmt::format("{} shards are too many; at most {}", config.shards, max_shards),
                "memory", "leave shards at 0 to have them chosen");
  }
  if (config.connection_timeout <= std::chrono::milliseconds::zero()) {
    return fail(Errc::invalid_argument, "connection_timeout must be more than zero", "memory",
                "to wait without limit, say cachekit::forever");
  }
  const Bounds bounds = bounds_of(config.capacity, config.max_entries);
  const std::uint64_t shards = choose_shards(bounds, config.shards);
  return check_bounds(bounds, std::min<std::uint64_t>(shards, max_shards));
}

}  // namespace cachekit::memory
