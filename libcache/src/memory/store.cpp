#include "memory/store.hpp"

#include "core/random_interval.hpp"
#include "memory/limits.hpp"
#include "memory/out_of_memory.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <mutex>
#include <new>
#include <numeric>
#include <utility>
#include <vector>

namespace cachekit::memory {
namespace {

// No lock is held for longer than it takes to look at this many keys, whatever the caller asks for.
constexpr std::size_t largest_page = 4096;
// A cache of that many bytes and more; a smaller one could take up much more memory with them.
constexpr std::uint64_t worth_huge_pages = std::uint64_t{16} << 20U;
// Larger values are copied after the lock.
constexpr std::size_t large_entry = 4096;
// One hit in so many has its age counted.
constexpr unsigned age_sampling = 64;
// After so many changes that made room, the number of entries is looked at again.
constexpr std::uint64_t fit_every = 256;
// To ask how many look-ups there were takes as long as some dozens of them.
constexpr std::uint64_t maintain_every = 16;

}  // namespace

Store::Store(StoreOptions options, const Runtime& runtime)
    : runtime_(runtime),
      seed_(process_seed()),
      notifier_(std::move(options.on_removal)),
      policy_(options.policy),
      max_bytes_(options.bounds.bytes),
      max_entries_(options.bounds.items),
      pool_(std::make_shared<PagePool>(options.bounds.bytes >= worth_huge_pages ? HugePages::yes
                                                                                : HugePages::no)),
      curve_(std::move(options.look_ups)),
      table_(options.most_shards),
      shard_count_(options.shards) {
  // Where the number of entries is not bounded, it is known once the cache is full.
  if (policy_ == EvictionPolicy::adaptive && options.bounds.items < max_entries) {
    tuner_.fit(options.bounds.items);
  }
  const std::size_t slots = table_.slots() / options.shards;
  for (std::size_t number = 0; number < table_.slots(); number += slots) {
    table_.make(number, make_shard({}));
    table_.move(number, slots, *table_.made(number));
    table_.made(number)->set_home(table_.range(number, slots));
  }
  set_shares(options.bounds, options.shards);
  at_fork_.emplace(*this);
}

std::unique_ptr<Shard> Store::make_shard(const Bounds& share) {
  return std::make_unique<Shard>(share, make_policy(policy_, tuner_.admission()), runtime_, pool_,
                                 table_, notifier_.listening());
}

template <typename Change>
auto Store::change(std::string_view key, const Change& change) {
  const HashedKey hashed_key = hashed(key);
  return notifying_removed(
      [&](RemovedEntries& gone) { return change(table_.home_of(hashed_key), hashed_key, gone); });
}

Result<std::optional<std::string>> Store::get(std::string_view key) {
  const HashedKey hashed_key = hashed(key);
  Result<std::optional<std::string>> value;
  EntryReference large;
  static_cast<void>(table_.home_of(hashed_key).look_up(hashed_key, [&](const Entry& entry) {
    take(entry, *value, large);
    count_age(entry);
  }));
  if (large) *value = large->value();
  note(hashed_key);
  return value;
}

// Copies a value, or holds it to be copied after the lock when it is large.
void Store::take(const Entry& entry, std::optional<std::string>& value, EntryReference& large) {
  if (entry.value_size > large_entry) {
    retain(entry);
    large.reset(&entry);
  } else {
    value.emplace(entry.value());
  }
}

EntryReference Store::pin(std::string_view key) {
  const HashedKey hashed_key = hashed(key);
  EntryReference pinned;
  static_cast<void>(table_.home_of(hashed_key).look_up(hashed_key, [&](const Entry& entry) {
    retain(entry);
    pinned.reset(&entry);
    count_age(entry);
  }));
  note(hashed_key);
  return pinned;
}

// The positions of keys, shard by shard, in groups small enough for one lock: calls `run` with a
// shard and the positions that belong to it.
template <typename Run>
void Store::for_groups(std::span<const HashedKey> keys, const Run& run) {
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Keys that are the same keep their order.
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return table_.slot_of(keys[a].hash) < table_.slot_of(keys[b].hash);
  });
  for (std::size_t begin = 0; begin < order.size();) {
    Shard& shard = table_.home_of(keys[order[begin]]);
    std::size_t end = begin;
    while (end < order.size() && end - begin < largest_step &&
           &table_.home_of(keys[order[end]]) == &shard) {
      ++end;
    }
    if (end == begin) ++end;  // It has moved just now.
    run(shard, std::span(order).subspan(begin, end - begin));
    begin = end;
  }
}

void Store::get_many(std::span<const operation::Get> gets,
                     std::span<Result<std::optional<std::string>>> values) {
  std::vector<HashedKey> keys;
  keys.reserve(gets.size());
  for (const operation::Get& get : gets) keys.push_back(hashed(get.key));
  for_groups(keys, [&](Shard& shard, std::span<const std::size_t> positions) {
    std::array<HashedKey, largest_step> group;
    std::array<EntryReference, largest_step> large;
    for (std::size_t i = 0; i < positions.size(); ++i) group[i] = keys[positions[i]];
    shard.look_up_many(std::span(group).first(positions.size()),
                       [&](std::size_t i, const Entry& entry) {
                         take(entry, *values[positions[i]], large[i]);
                         count_age(entry);
                       });
    for (std::size_t i = 0; i < positions.size(); ++i) {
      note(group[i]);
      if (large[i]) *values[positions[i]] = large[i]->value();
    }
  });
}

void Store::set_many(std::span<const operation::Set> sets, std::span<Result<bool>> outcomes) {
  std::vector<HashedKey> keys;
  keys.reserve(sets.size());
  for (const operation::Set& set : sets) keys.push_back(hashed(set.key));
  const Time now = runtime_.now();
  for_groups(keys, [&](Shard& shard, std::span<const std::size_t> positions) {
    std::array<NewValue, largest_step> group;
    for (std::size_t i = 0; i < positions.size(); ++i) {
      const operation::Set& set = sets[positions[i]];
      group[i] = {keys[positions[i]], set.value, expiry_of(set.ttl, now), set.condition};
    }
    const std::span<const NewValue> values = std::span(group).first(positions.size());
    try {
      notifying_removed(
          [&](RemovedEntries& gone) { shard.set_many(values, positions, outcomes, gone); });
    } catch (const std::bad_alloc&) {  // None of this group was stored.
      for (const std::size_t position : positions) outcomes[position] = out_of_memory();
    }
  });
}

bool Store::exists(std::string_view key) {
  const HashedKey hashed_key = hashed(key);
  curve_.note(hashed_key.hash);
  return table_.home_of(hashed_key).exists(hashed_key);
}

std::optional<Ttl> Store::ttl(std::string_view key) {
  const HashedKey hashed_key = hashed(key);
  const std::optional<Time> expires_at = table_.home_of(hashed_key).expires_at(hashed_key);
  if (!expires_at) return std::nullopt;
  if (*expires_at == no_expiry) return Ttl::none();
  const auto left = *expires_at - runtime_.now();
  if (left <= left.zero()) return std::nullopt;
  return Ttl(left);
}

bool Store::touch(std::string_view key, Ttl ttl) {
  return change(key, [&](Shard& shard, const HashedKey& hashed_key, RemovedEntries& gone) {
    return shard.touch(hashed_key, expiry_of(ttl), gone);
  });
}

Result<bool> Store::set(const operation::Set& item) {
  return change(item.key, [&](Shard& shard, const HashedKey& key, RemovedEntries& gone) {
    const Time expires_at = expiry_of(item.ttl);
    return shard.set({key, item.value, expires_at, item.condition}, gone);
  });
}

Result<bool> Store::compare_and_set(const operation::CompareAndSet& one) {
  return change(one.key, [&](Shard& shard, const HashedKey& key, RemovedEntries& gone) {
    const Time expires_at = expiry_of(one.ttl);
    return shard.compare_and_set({key, one.value, expires_at}, one.expected, gone);
  });
}

bool Store::remove(std::string_view key) {
  return change(key, [&](Shard& shard, const HashedKey& hashed_key, RemovedEntries& gone) {
    return shard.remove(hashed_key, gone);
  });
}

Result<std::int64_t> Store::increment(std::string_view key, std::int64_t by) {
  return change(key, [&](Shard& shard, const HashedKey& hashed_key, RemovedEntries& gone) {
    return shard.increment(hashed_key, by, gone);
  });
}

// In the order of the hashes, as a scan: what was there is met once, and what others, or the
// listener, store behind the walk meanwhile stays, or it might never end.
void Store::clear() {
  std::uint64_t from = Index::walk_start;
  const auto step = [&](RemovedEntries& gone) {
    const core::MutexLock lock(resizing_);  // Nothing moves past us meanwhile.
    std::uint64_t end = Index::walk_end;
    table_.for_each([&](const Shard& shard) { end = std::min(end, shard.step_from(from)); });
    table_.for_each([&](Shard& shard) {
      for (std::uint64_t at = from; at < end;) at = shard.clear(at, end, gone);
    });
    return end;
  };
  while (from < Index::walk_end) from = notifying_removed(step);
  table_.for_each([](Shard& shard) { shard.collect(); });
  pool_->give_back();
  clears_.fetch_add(1, std::memory_order_relaxed);
}

// In the order of the hashes, whatever shards the keys are in: so what moves between two pages is
// ahead or behind as before.
ScanPage Store::scan_page(std::string_view pattern, std::size_t page_size,
                          std::uint64_t from) const {
  const core::MutexLock lock(resizing_);  // Nothing moves past us meanwhile.
  const std::size_t limit = std::min(page_size, largest_page) / shard_count();
  ScanPage page{.end = Index::walk_end};
  table_.for_each([&](const Shard& shard) { shard.scan(pattern, from, limit, page); });
  std::erase_if(page.keys, [&](const ScanPage::Key& key) { return key.position >= page.end; });
  return page;
}

bool Store::restore(std::string_view key, std::string_view value, Time expires_at) {
  const HashedKey hashed_key = hashed(key);
  RemovedEntries gone;
  const auto kept = table_.home_of(hashed_key).set({hashed_key, value, expires_at}, gone);
  adapt(gone);
  return kept.has_value();
}

void Store::discard() {
  table_.for_each([](Shard& shard) {
    for (std::uint64_t from = Index::walk_start; from < Index::walk_end;) {
      RemovedEntries gone;
      from = shard.clear(from, Index::walk_end, gone);
    }
    shard.collect();
  });
}

// In the order in which calls take more than one of them.
void Store::lock_for_fork() {
  resizing_.lock();
  table_.for_each([](Shard& shard) { shard.lock_for_fork(); });
  tuner_.lock_for_fork();
  curve_.lock_for_fork();
  pool_->lock_for_fork();
}

void Store::unlock_after_fork(Process process) noexcept {
  pool_->unlock_after_fork();
  curve_.unlock_after_fork();
  tuner_.unlock_after_fork();
  table_.for_each([&](Shard& shard) { shard.unlock_after_fork(process); });
  resizing_.unlock();
}

Bounds Store::bounds() const noexcept {
  return {.bytes = max_bytes_.load(std::memory_order_relaxed),
          .items = max_entries_.load(std::memory_order_relaxed)};
}

// After the lock: the listener may call the cache.
void Store::notify_removed(RemovedEntries& gone) noexcept {
  adapt(gone);
  notifier_.notify(gone);
}

void Store::adapt(const RemovedEntries& gone) noexcept {
  if (!gone.evicted() || policy_ != EvictionPolicy::adaptive) return;
  if (tally().evicting.fetch_add(1, std::memory_order_relaxed) % fit_every != 0) return;
  tuner_.fit(items());
  maintain_now();
}

void Store::maintain() noexcept {
  if (tally().maintained.fetch_add(1, std::memory_order_relaxed) % maintain_every == 0)
    maintain_now();
}

// A look-up, for those that learn from a sample of them.
void Store::note(const HashedKey& key) noexcept {
  tuner_.note(key.hash);
  curve_.note(key.hash);
}

void Store::count_age(const Entry& entry) noexcept {
  constinit thread_local core::RandomInterval next_hit(age_sampling);
  if (!next_hit.passed()) return;
  Tally& mine = tally();
  const std::size_t bucket = mine.hit_ages.bucket_of(age(entry.stored_at, runtime_.now()));
  mine.hit_ages.buckets[bucket].fetch_add(1, std::memory_order_relaxed);
}

}  // namespace cachekit::memory
