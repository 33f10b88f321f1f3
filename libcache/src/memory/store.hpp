#pragma once

// memory/: the cache within the process: shards, eviction policies, expiry, snapshots. It has no
// connections and knows neither net/ nor another backend.

#include "core/mutex.hpp"
#include "memory/admission_tuner.hpp"
#include "memory/at_fork.hpp"
#include "memory/keyed_hash.hpp"
#include "memory/miss_ratio_curve.hpp"
#include "memory/removal_notifier.hpp"
#include "memory/shard.hpp"
#include "memory/shard_table.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/runtime.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::memory {

struct StoreSummary {
  double room = 0;  ///< How many entries of the size of those that are there it would hold.
  AgeCounts<std::uint64_t> evicted_ages{};
};

struct StoreOptions {
  std::size_t shards = 1;
  /// How many there may be at most, a multiple of `shards`.
  std::size_t most_shards = 1;
  Bounds bounds{};
  EvictionPolicy policy = EvictionPolicy::adaptive;
  RemovalListener on_removal{};
  /// How many look-ups were answered so far.
  std::function<std::uint64_t()> look_ups = [] { return std::uint64_t{0}; };
};

/// The entries of a cache, spread over shards by a keyed hash. No call but `lock_for_fork` and
/// `resize` locks two shards at once.
///
/// Threads: all members may be called from any thread at once. A forked child may go on with it.
class Store {
 public:
  Store(StoreOptions options, const Runtime& runtime);

  /// Look-ups do not fail; their type is what callers need.
  [[nodiscard]] Result<std::optional<std::string>> get(std::string_view key);
  /// Empty for a miss.
  [[nodiscard]] EntryReference pin(std::string_view key);
  void get_many(std::span<const operation::Get> gets,
                std::span<Result<std::optional<std::string>>> values);
  [[nodiscard]] bool exists(std::string_view key);
  [[nodiscard]] std::optional<Ttl> ttl(std::string_view key);
  [[nodiscard]] bool touch(std::string_view key, Ttl ttl);
  /// Errors: `too_large`; then no older value is left, unless the condition is `if_absent`.
  [[nodiscard]] Result<bool> set(const operation::Set& item);
  /// Errors: as `set`.
  [[nodiscard]] Result<bool> compare_and_set(const operation::CompareAndSet& one);
  /// An outcome for each, in order. Errors: also `overloaded`, for one that there is no memory for.
  void set_many(std::span<const operation::Set> sets, std::span<Result<bool>> outcomes);
  [[nodiscard]] bool remove(std::string_view key);
  [[nodiscard]] Result<Leased> lease_get(const operation::LeaseGet& get);
  /// Errors: `too_large`; then the lease stays.
  [[nodiscard]] Result<bool> lease_set(const operation::LeaseSet& set);
  [[nodiscard]] bool lease_drop(const operation::LeaseDrop& drop);
  [[nodiscard]] Result<std::int64_t> increment(std::string_view key, std::int64_t by);
  void clear();
  /// Of the keys that match, from a position that a page before ended at, or `Index::walk_start`.
  /// Requires: `page_size` is not 0.
  [[nodiscard]] ScanPage scan_page(std::string_view pattern, std::size_t page_size,
                                   std::uint64_t from) const;

  /// Takes an entry in as it was saved; false when it is too large. The listener hears nothing of
  /// what this makes leave.
  [[nodiscard]] bool restore(std::string_view key, std::string_view value, Time expires_at);
  /// Empties it without a word to the listener.
  void discard();
  /// All entries that are alive, the first to be evicted first (over all shards: about).
  [[nodiscard]] std::vector<ListedEntry> list() const;
  /// Grows with every change that callers make.
  [[nodiscard]] std::uint64_t changes() const;

  /// Done when it returns, in steps that nobody waits long for. `shards`: how many there are to be
  /// then, a number that divides the most of them and is divided by the one that there was, or the
  /// other way round; where there is no memory for more of them it stays as it is.
  void resize(const Bounds& bounds, std::size_t shards);

  [[nodiscard]] ShardStats stats();
  [[nodiscard]] StoreSummary summary() const;
  /// Looks after what learns from the look-ups; to be called on a small part of them.
  void maintain() noexcept;
  /// The same at once; for who asks what was learnt.
  void maintain_now() noexcept { curve_.resume(runtime_.now()); }
  /// How old were those that were found, of a sample of one in 64.
  [[nodiscard]] AgeCounts<std::uint64_t> hit_ages() const;
  /// What an LRU cache of so many entries would have hit; empty while too little was seen.
  [[nodiscard]] std::optional<double> hit_ratio(double entries) const {
    return curve_.hit_ratio(entries);
  }
  /// How new keys are taken in now, by the adaptive policy.
  [[nodiscard]] Admission admission() const noexcept { return tuner_.admission(); }
  /// How often the listener has thrown.
  [[nodiscard]] std::uint64_t listener_failures() const noexcept { return notifier_.failures(); }
  [[nodiscard]] std::uint64_t listener_untold() const noexcept { return notifier_.untold(); }
  [[nodiscard]] Result<void> validate() const;

  /// Of the hash that spreads keys over shards.
  [[nodiscard]] const HashSeed& seed() const noexcept { return seed_; }
  /// Takes another one. Requires: nothing is stored, and no other thread looks anything up.
  void begin_with(const HashSeed& seed) noexcept { seed_ = seed; }

  /// For `AtFork`: takes all locks, and leaves them.
  void lock_for_fork() CACHEKIT_UNCHECKED_LOCKING;
  void unlock_after_fork(Process process) noexcept CACHEKIT_UNCHECKED_LOCKING;

  [[nodiscard]] std::size_t shard_count() const noexcept {
    return shard_count_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t most_shards() const noexcept { return table_.slots(); }
  [[nodiscard]] Bounds bounds() const noexcept;
  /// What one entry may take at most.
  [[nodiscard]] std::size_t shard_capacity() const noexcept {
    return static_cast<std::size_t>(bounds().bytes / shard_count());
  }

 private:
  // How many entries leave under one lock.
  static constexpr std::size_t largest_step = Shard::most_at_once;

  [[nodiscard]] static Time expiry_of(const Ttl& ttl, Time now) noexcept {
    return ttl.expires() ? now + ttl.duration() : no_expiry;
  }
  // From now on. The clock is read only where there is an expiry.
  [[nodiscard]] Time expiry_of(const Ttl& ttl) const {
    return ttl.expires() ? expiry_of(ttl, runtime_.now()) : no_expiry;
  }

  // Counted by thread, on cache lines that threads do not share.
  struct alignas(64) Tally {
    std::atomic<std::uint64_t> evicting{0};  // Changes that had to make room.
    std::atomic<std::uint64_t> maintained{0};
    AgeCounts<std::atomic<std::uint64_t>> hit_ages{};
  };

  [[nodiscard]] HashedKey hashed(std::string_view key) const noexcept {
    return {key, keyed_hash(seed_, key)};
  }
  [[nodiscard]] static Bounds share_of(const Bounds& bounds, std::size_t shard,
                                       std::size_t shards) noexcept;
  [[nodiscard]] std::unique_ptr<Shard> make_shard(const Bounds& share);
  void set_shares(const Bounds& bounds, std::size_t shards) CACHEKIT_REQUIRES(resizing_);
  void make_shards(std::size_t shards) CACHEKIT_REQUIRES(resizing_);
  void reshape(const Bounds& bounds, std::size_t shards, RemovedEntries& gone)
      CACHEKIT_REQUIRES(resizing_);
  void merge_shards(std::size_t before, RemovedEntries& gone) CACHEKIT_REQUIRES(resizing_);
  void split_shards(std::size_t shards, std::vector<const Entry*>& room, RemovedEntries& gone)
      CACHEKIT_REQUIRES(resizing_);
  void merge(std::size_t number, std::size_t half, RemovedEntries& gone)
      CACHEKIT_REQUIRES(resizing_);
  void halve(std::size_t number, std::size_t half, std::vector<const Entry*>& room,
             RemovedEntries& gone) CACHEKIT_REQUIRES(resizing_);
  template <typename Run>
  void for_groups(std::span<const HashedKey> keys, const Run& run);
  template <typename Step>
  void in_steps(const Step& step);
  [[nodiscard]] std::uint64_t items() const noexcept;
  [[nodiscard]] Tally& tally() noexcept { return tallies_[core::ThreadSlot::mine().number()]; }
  void notify_removed(RemovedEntries& gone) noexcept;
  void adapt(const RemovedEntries& gone) noexcept;
  void note(const HashedKey& key) noexcept;
  static void take(const Entry& entry, std::optional<std::string>& value, EntryReference& large);
  void count_age(const Entry& entry) noexcept;
  template <typename Run>
  auto notifying_removed(const Run& run);
  template <typename Change>
  auto change(std::string_view key, const Change& change);

  const Runtime& runtime_;
  HashSeed seed_;
  RemovalNotifier notifier_;
  const EvictionPolicy policy_;
  // One call at a time sets all shares and moves entries between shards.
  std::atomic<std::uint64_t> clears_{0};  // A change, also of an empty store.
  mutable core::Mutex resizing_;
  std::atomic<std::uint64_t> max_bytes_;
  std::atomic<std::uint64_t> max_entries_;
  const std::shared_ptr<PagePool> pool_;
  AdmissionTuner tuner_;
  MissRatioCurve curve_;
  ShardTable table_;
  std::atomic<std::size_t> shard_count_;  // That are home to something.
  std::array<Tally, core::ThreadSlot::count> tallies_{};
  // Made when all shards are there, and the last: nothing is missing while it is here.
  std::optional<AtFork> at_fork_;
};

// Runs what may make entries leave, and then sees them off, also if it throws: what has left has
// left.
template <typename Run>
auto Store::notifying_removed(const Run& run) {
  struct Leaving {
    ~Leaving() { store.notify_removed(gone); }
    Store& store;
    RemovedEntries gone{};
  } leaving{.store = *this};
  return run(leaving.gone);
}

// Runs a step in each shard until it says that it is done; nobody waits for more than one step.
template <typename Step>
void Store::in_steps(const Step& step) {
  table_.for_each([&](Shard& shard) {
    while (!notifying_removed([&](RemovedEntries& gone) { return step(shard, gone); })) {
    }
    shard.collect();  // What has left may be all that keeps many pages.
  });
}

}  // namespace cachekit::memory
