// The checks that tests run on a shard after what they did to it.

#include "memory/shard.hpp"

#include <fmt/format.h>

namespace cachekit::memory {
namespace {

tl::unexpected<Error> broken(std::string what) {
  return fail(Errc::decode, std::move(what), "memory",
              "this is a fault in cachekit itself; please report it");
}

}  // namespace

Result<void> Shard::validate() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  std::size_t expiring = 0;
  for (std::size_t slot = 0; slot < roster_.size(); ++slot) {
    const Entry& entry = roster_.at(slot);
    if (Result<void> sound = validate_entry(entry, slot); !sound) return sound;
    bytes += entry.charge();
    if (entry.expires_at != no_expiry) ++expiring;
  }
  if (index_.size() != roster_.size()) {
    return broken(fmt::format("{} entries, {} in the index", roster_.size(), index_.size()));
  }
  if (!order_.consistent(roster_.size())) return broken("the eviction order is broken");
  if (expiring_.size() != expiring || !expiring_.consistent()) {
    return broken("the expiry queue is broken");
  }
  if (bytes != stats_.bytes || bytes > capacity_) {
    return broken(
        fmt::format("{} bytes of entries, {} counted, {} allowed", bytes, stats_.bytes, capacity_));
  }
  return {};
}

Result<void> Shard::validate_entry(const Entry& entry, std::size_t slot) const {
  if (entry.roster_slot != slot) return broken("an entry does not know its place in the roster");
  const auto found = index_.find(entry.hashed_key());
  if (found == index_.end() || *found != &entry) {
    return broken("an entry is not what the index has under its key");
  }
  return {};
}

}  // namespace cachekit::memory
