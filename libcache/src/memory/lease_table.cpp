#include "memory/lease_table.hpp"

#include <algorithm>
#include <atomic>

namespace cachekit::memory {
namespace {

LeaseToken new_token() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return LeaseToken{last.fetch_add(1, std::memory_order_relaxed) + 1};
}

}  // namespace

const LeaseTable::Lease* LeaseTable::find(std::uint64_t hash, Time now) const noexcept {
  const auto found = leases_.find(hash);
  return found == leases_.end() || found->second.ends_at <= now ? nullptr : &found->second;
}

const LeaseTable::Lease& LeaseTable::grant(std::uint64_t hash, Time now, Time ends_at) {
  if (leases_.size() >= most) make_room(now);
  return leases_.insert_or_assign(hash, Lease{new_token(), ends_at}).first->second;
}

void LeaseTable::make_room(Time now) noexcept {
  std::erase_if(leases_, [&](const auto& one) { return one.second.ends_at <= now; });
  if (leases_.size() < most) return;
  leases_.erase(
      std::ranges::min_element(leases_, {}, [](const auto& one) { return one.second.ends_at; }));
}

}  // namespace cachekit::memory
