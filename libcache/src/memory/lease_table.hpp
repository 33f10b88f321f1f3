#pragma once

#include "memory/entry.hpp"

#include <cachekit/operation.hpp>

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace cachekit::memory {

/// The leases of keys that have no entry.
///
/// They are kept by the 64 bits of the keyed hash, so that each takes the same little room: of two
/// keys with one hash, which nobody can prepare, each would void the other's, as anything may.
///
/// No token is given twice in a process. So one of before is void wherever its key is by then.
///
/// Threads: the shard's lock guards it.
class LeaseTable {
 public:
  /// Where there are as many, those that end first make room: a lease may be voided any time.
  static constexpr std::size_t most = 1024;

  struct Lease {
    LeaseToken token{};
    Time ends_at{};
  };

  /// The one of a key, or null.
  [[nodiscard]] const Lease* find(std::uint64_t hash, Time now) const noexcept;
  /// Requires: the key has none. Errors: `std::bad_alloc`.
  [[nodiscard]] const Lease& grant(std::uint64_t hash, Time now, Time ends_at);
  void drop(std::uint64_t hash) noexcept { leases_.erase(hash); }
  void clear() noexcept { leases_.clear(); }
  /// With those that have ended.
  [[nodiscard]] std::size_t count() const noexcept { return leases_.size(); }
  [[nodiscard]] bool contains(std::uint64_t hash) const noexcept { return leases_.contains(hash); }

 private:
  void make_room(Time now);

  std::unordered_map<std::uint64_t, Lease> leases_;
};

}  // namespace cachekit::memory
