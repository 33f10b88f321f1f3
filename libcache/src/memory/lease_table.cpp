#include "memory/lease_table.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

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

void LeaseTable::make_room(Time now) {
  std::erase_if(leases_, [&](const auto& one) { return one.second.ends_at <= now; });
  if (leases_.size() < most) return;
  // Many at once, so that not each lease that follows has to look at all of them.
  std::vector<Time> ends;
  ends.reserve(leases_.size());
  for (const auto& one : leases_) ends.push_back(one.second.ends_at);
  const auto last = ends.begin() + most / 8;
  std::ranges::nth_element(ends, last);
  // Of those that end at that very moment, as many as are left to go.
  auto left = last - std::partition(ends.begin(), last, [&](Time end) { return end < *last; });
  std::erase_if(leases_, [&](const auto& one) {
    const Time end = one.second.ends_at;
    if (end != *last || left == 0) return end < *last;
    --left;
    return true;
  });
}

}  // namespace cachekit::memory
