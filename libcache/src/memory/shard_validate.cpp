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

Result<void> Shard::validate(const std::function<std::uint64_t(std::string_view)>& hash) const {
  const Reading lock(lock_);
  if (!index_.consistent()) return broken("the index is broken");
  if (!policy_->consistent()) return broken("the policy's order is broken");
  if (!wheel_.consistent()) return broken("the timer wheel is broken");
  if (!heap_->consistent()) return broken("the heap is broken");
  if (index_.count() != policy_->count()) {
    return broken(
        fmt::format("{} entries in the index, {} in the policy", index_.count(), policy_->count()));
  }
  std::uint64_t bytes = 0;
  std::size_t expiring = 0;
  std::size_t strangers = 0;
  std::size_t leased = 0;
  policy_->for_each([&](const Entry& entry) CACHEKIT_REQUIRES_SHARED(lock_) {
    bytes += entry.charge();
    if (entry.expires_at() != no_expiry) ++expiring;
    if (leases_ && leases_->contains(hash(entry.key()))) ++leased;
    if (index_.find(entry.hash, entry.key()) != &entry || !home_.contains(hash(entry.key()))) {
      ++strangers;
    }
  });
  if (leased > 0) return broken(fmt::format("{} entries have leases", leased));
  if (strangers > 0) {
    return broken(fmt::format(
        "{} entries are not what the index has under their keys, or elsewhere at home", strangers));
  }
  if (wheel_.count() != expiring) {
    return broken(fmt::format("{} entries expire, {} are in the wheel", expiring, wheel_.count()));
  }
  if (bytes != stats_.bytes || !fits(0, 0, allowed_)) {
    return broken(fmt::format("{} bytes of entries, {} counted, {} allowed; {} entries, {} allowed",
                              bytes, stats_.bytes, allowed_.bytes, index_.count(), allowed_.items));
  }
  return {};
}

}  // namespace cachekit::memory
