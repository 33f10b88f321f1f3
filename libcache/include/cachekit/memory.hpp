#pragma once

#include <cachekit/backend.hpp>
#include <cachekit/export.hpp>
#include <cachekit/runtime.hpp>
#include <cachekit/units.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit {

namespace memory {
struct Entry;
}

/// Which entry makes room for another.
enum class EvictionPolicy : std::uint8_t {
  adaptive,  ///< Keeps what is used again, is not fooled by scans and loops; see docs/memory.md.
  lru,       ///< Exactly the least recently used one. Reads of one shard wait for each other.
  fifo,      ///< The oldest one, used or not.
};

/// "adaptive", "lru", "fifo".
[[nodiscard]] CACHEKIT_API std::string_view to_string(EvictionPolicy policy) noexcept;
/// Errors: `invalid_argument`.
[[nodiscard]] CACHEKIT_API Result<EvictionPolicy> parse_eviction_policy(std::string_view text);

/// Why an entry is gone.
enum class RemovalCause : std::uint8_t {
  expired,   ///< Its TTL was over.
  evicted,   ///< It made room.
  replaced,  ///< Another value was stored under its key.
  removed,   ///< Somebody asked for it: `remove`, `clear`.
};

/// Lifetime: the views are good during the call of the listener.
struct Removal {
  std::string_view key;
  std::string_view value;
  RemovalCause cause;
};
using RemovalListener = std::function<void(const Removal& removal)>;

/// What an `InMemoryBackend` may be told. All fields have working defaults.
struct InMemoryConfig {
  /// Bound on keys, values and overhead together; `policy` says what makes room.
  Bytes capacity = mebibytes(64);
  /// Bound on the number of entries, beside `capacity`; 0: none.
  std::uint64_t max_entries = 0;
  /// Most users leave this alone.
  EvictionPolicy policy = EvictionPolicy::adaptive;
  /// Independent parts, each with its own lock and its share of the bounds. 0: chosen from them (a
  /// power of two up to 64, so that a shard has at least 4 MiB and 4,096 entries), and again when
  /// they change. At most 1,024. Most users leave this alone.
  std::size_t shards = 0;
  /// Is told of every entry that is gone, after the fact, once, on the thread whose call found it
  /// so. No lock is held, so it may call the cache. What leaves by that waits until the listener
  /// has returned, and is told then, before the outermost call returns: it is never called within
  /// itself. Of what leaves by the listener's own calls, be it by `set` or by `clear`, a call
  /// tells 64 for each entry that it made leave itself; the rest is counted as `listener_untold` in
  /// `stats`. It should not throw: that is caught, and counted as `listener_errors` in `stats`.
  /// Told in the order in which one thread made entries leave; for one key it may be told out of
  /// order when several threads change it. Not reported are entries that are there when the cache
  /// is destroyed, which the listener must not do, and those of a snapshot that do not fit while it
  /// is loaded.
  RemovalListener on_removal{};
  /// Where `connect` reads the entries from and `flush` writes them to; empty: nowhere.
  std::filesystem::path snapshot_file{};
  /// Read the snapshot, never write it; takes no lock.
  bool snapshot_read_only = false;
  /// `connect` fails (`rejected`) where the snapshot holds more than the bounds allow, which the
  /// next `flush` would cut off for good. Otherwise what does not fit is left out with a warning.
  bool snapshot_must_fit = false;
  /// How long `connect` waits for another process that holds the snapshot; also the budget of a
  /// call that was given none.
  std::chrono::milliseconds connection_timeout = std::chrono::seconds(5);
};

/// A value that stays where it is while this object lives, also when the cache lets go of it.
///
/// Threads: may be read and destroyed on any thread. Lifetime: may outlive the cache. Cost: what is
/// pinned and no longer in the cache takes memory that the capacity does not bound.
class CACHEKIT_API PinnedValue {
 public:
  PinnedValue(PinnedValue&& other) noexcept
      : entry_(std::exchange(other.entry_, nullptr)), value_(other.value_) {}
  PinnedValue& operator=(PinnedValue&& other) noexcept {
    std::swap(entry_, other.entry_);
    std::swap(value_, other.value_);
    return *this;
  }
  ~PinnedValue();

  [[nodiscard]] std::string_view view() const noexcept { return value_; }

 private:
  friend class InMemoryBackend;
  PinnedValue(const memory::Entry* entry, std::string_view value) noexcept
      : entry_(entry), value_(value) {}

  const memory::Entry* entry_;
  std::string_view value_;
};

/// An entry as `hottest` shows it. Lifetime: the views are good during the visit.
struct HotEntry {
  std::string_view key;
  std::string_view value;
  Ttl ttl = Ttl::none();  ///< What is left of it.
};
/// Says whether to go on.
using HotEntryVisitor = std::function<bool(const HotEntry& entry)>;

/// What a cache of another size would hit.
struct SizingPoint {
  double factor = 1;                  ///< Of the capacity.
  std::optional<double> hit_ratio{};  ///< As an LRU cache; empty while too little was seen.
};

/// Entries by age, which counts from when their value was stored.
struct AgeBucket {
  std::chrono::milliseconds below{0};  ///< Not below the end of the bucket before.
  std::uint64_t count = 0;
};

/// What a cache has learnt about its use.
struct MemoryInsights {
  std::vector<SizingPoint> sizing{};       ///< At half, once, double and four times the capacity.
  std::vector<AgeBucket> hit_ages{};       ///< Of a sample of the hits, one in 64.
  std::vector<AgeBucket> eviction_ages{};  ///< Of entries that were alive and made room.
};

/// A bounded, thread-safe cache in this process. Works with no argument.
///
/// TTLs count on a steady clock in milliseconds. With a `snapshot_file`, `connect` takes a lock on
/// `FILE.lock` until this object is gone, loads what has not expired meanwhile, and `flush` writes
/// the file anew (to a temporary file, then renamed, with a checksum; a symbolic link, owner, group
/// and mode stay, a hard link keeps the old contents); all symbolic links to a file share the lock.
/// A snapshot that is damaged is reported by `warnings()`, and the cache starts empty; it is set
/// aside as `FILE.corrupt-N` by the first `flush` that writes. Nothing is written by itself, not
/// even at the end: call `flush`.
///
/// Threads: all members may be called from any thread at once.
/// Errors: a call that has to load the snapshot first fails as `connect` does: `unavailable` when
/// another process holds it, `rejected` when the file is no snapshot, which stays as it is, or the
/// system does not let it be read, `unsupported` when a newer version wrote it. `flush` without a
/// `connect` that went well is `invalid_argument`, so that a cache which could not load its entries
/// never replaces those on the disk; `rejected` where what has come there meanwhile is no snapshot.
/// Limits: keys of 1 to 65,536 bytes; one entry takes at most one shard's share of the capacity,
/// else `too_large`. `capabilities().max_value_bytes` is the longest value that fits under a key of
/// one byte without a TTL, now; a longer key and a TTL (32 bytes) leave so much less for the value.
/// Cost: about 60 bytes an entry beside key and value.
class CACHEKIT_API InMemoryBackend final : public CacheBackend {
 public:
  explicit InMemoryBackend(InMemoryConfig config = {}, Runtime& runtime = Runtime::current());
  ~InMemoryBackend() override;

  [[nodiscard]] Result<std::optional<std::string>> get(std::string_view key,
                                                       const CallOptions& options = {}) override;
  [[nodiscard]] Result<bool> set(std::string_view key, std::string_view value,
                                 const SetOptions& options = {}) override;

  /// What `connect` could not load, one sentence each; empty when all was well.
  [[nodiscard]] std::vector<std::string> warnings() const;

  /// As `get`, without a copy. Counts as a look-up and as a use. Cost: two atomic operations on the
  /// entry; for values of less than some hundred bytes `get` is as fast.
  [[nodiscard]] Result<std::optional<PinnedValue>> pin(std::string_view key);
  /// Shows the value where it is; false for a miss. No lock is held meanwhile, and the visitor may
  /// call the cache.
  template <typename Visitor>
  [[nodiscard]] Result<bool> read(std::string_view key, Visitor&& visit) {
    return pin(key).map([&](const std::optional<PinnedValue>& pinned) {
      if (pinned) std::forward<Visitor>(visit)(pinned->view());
      return pinned.has_value();
    });
  }

  /// Changes the bounds. Where there is too much for the new ones, entries go in small steps, so
  /// that nobody waits long; it is done when this returns. Where the number of shards was not
  /// given, it follows the bounds. Errors: `invalid_argument`. Cost: calls for two shards at a time
  /// wait while entries move between them, about 0.1 to 0.4 us for each entry.
  [[nodiscard]] Result<void> resize(Bytes capacity, std::uint64_t max_entries = 0);

  /// Shows what is worth most to the policy first, until the visitor says false. What comes or goes
  /// meanwhile may or may not be seen. No lock is held during a visit. Cost: up to 48 bytes of
  /// memory an entry, and what leaves the cache meanwhile stays until it is done. The entries are
  /// listed before the first visit, one shard after the other; who changes that shard waits
  /// meanwhile.
  [[nodiscard]] Result<void> hottest(const HotEntryVisitor& visit);

  /// Whether more capacity would help, and how old entries are when they are used and when they go.
  /// `stats` has the essence among its raw fields. Cost: some microseconds. Errors: throws
  /// `std::bad_alloc`.
  [[nodiscard]] MemoryInsights insights() const;

  /// Checks that index, order and byte counts agree, shard by shard; for tests.
  /// Errors: `decode`, naming the first thing that does not add up.
  [[nodiscard]] Result<void> validate() const;
};

}  // namespace cachekit
