#include "memory/shard.hpp"

#include "core/glob.hpp"
#include "memory/limits.hpp"
#include "memory/out_of_memory.hpp"

#include <cachekit/driver_tools.hpp>
#include <cachekit/runtime.hpp>
#include <cachekit/units.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

#include <fmt/format.h>

namespace cachekit::memory {
namespace {

static_assert(large_value > BlockHeap::largest_block, "they are not made in the heap");

tl::unexpected<Error> too_large(const NewValue& value, std::uint64_t bytes) {
  const bool expires = value.expires_at != no_expiry;
  const std::size_t key = value.key.text.size();
  const bool fits = entry_charge(key, 0, expires) <= bytes;
  const std::string most =
      fits ? fmt::format("at most {}", largest_value(bytes, key, expires)) : "none";
  return fail(
      Errc::too_large,
      fmt::format("a value of {} bytes is too large: beside a key of {} bytes{}, a shard of "
                  "{} holds {}",
                  value.value.size(), key, expires ? " and a TTL" : "", format_bytes({bytes}),
                  most),
      {}, "raise the capacity, or use fewer shards; or store it in parts");
}

}  // namespace

Shard::Shard(const Bounds& bounds, std::unique_ptr<Policy> policy, const Runtime& runtime,
             std::shared_ptr<PagePool> pool, const ShardTable& table, bool keep_replaced)
    : runtime_(runtime),
      policy_(std::move(policy)),
      table_(table),
      reads_change_order_(policy_->orders_uses()),
      keep_replaced_(keep_replaced),
      index_(pool),
      wheel_(runtime.now()),
      heap_(BlockHeap::make(std::move(pool))),
      bounds_(bounds),
      allowed_(bounds),
      max_bytes_(bounds.bytes) {}

Shard::~Shard() {
  policy_->for_each([](const Entry& entry) { release(&entry); });
}

Result<bool> Shard::set(const NewValue& value, RemovedEntries& gone) {
  const Time now = runtime_.now();
  EntryPtr ready = make_if_large(value);
  {
    const Writing lock(lock_);
    if (is_home_of(value.key)) {
      begin_write(now, gone);
      return set_locked(value, now, ready, gone);
    }
  }
  return table_.home_of(value.key).set(value, gone);
}

Result<bool> Shard::compare_and_set(const NewValue& value, std::string_view expected,
                                    RemovedEntries& gone) {
  const Time now = runtime_.now();
  EntryPtr ready = make_if_large(value);
  {
    const Writing lock(lock_);
    if (is_home_of(value.key)) {
      begin_write(now, gone);
      const Entry* const current = find_alive(value.key, now, gone);
      if (current == nullptr || current->value() != expected) return false;
      return set_locked(value, now, ready, gone);
    }
  }
  return table_.home_of(value.key).compare_and_set(value, expected, gone);
}

// Empty where it is not large, or too large.
EntryPtr Shard::make_if_large(const NewValue& value) const {
  const bool large = value.value.size() >= large_value && value.value.size() <= max_value_bytes;
  if (!large || value.charge() > max_bytes_.load(std::memory_order_relaxed)) return {};
  return make_entry(*heap_, value.key, value.value, value.expires_at);
}

void Shard::set_many(std::span<const NewValue> values, std::span<const std::size_t> positions,
                     std::span<Result<bool>> outcomes, RemovedEntries& gone) {
  const Time now = runtime_.now();
  std::vector<EntryPtr> ready(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) ready[i] = make_if_large(values[i]);
  Group strangers = 0;
  {
    const Writing lock(lock_);
    begin_write(now, gone);
    for (const NewValue& value : values) index_.prefetch(value.key.index_hash());
    for (const NewValue& value : values) index_.prefetch_entry(value.key.index_hash());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!is_home_of(values[i].key)) {
        strangers |= Group{1} << i;
        continue;
      }
      outcomes[positions[i]] =
          or_out_of_memory([&] { return set_locked(values[i], now, ready[i], gone); });
    }
  }
  for (; strangers != 0; strangers &= strangers - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(strangers));
    outcomes[positions[i]] =
        or_out_of_memory([&] { return table_.home_of(values[i].key).set(values[i], gone); });
  }
}

Result<bool> Shard::set_locked(const NewValue& value, Time now, EntryPtr& ready,
                               RemovedEntries& gone) {
  if (value.value.size() > max_value_bytes || value.charge() > bounds_.bytes) {
    discard(value, now, gone);
    return too_large(value, bounds_.bytes);
  }
  Entry* const current = find_alive(value.key, now, gone);
  if (value.condition == SetCondition::if_absent && current != nullptr) return false;
  if (value.condition == SetCondition::if_present && current == nullptr) return false;
  ++stats_.changes;
  void_lease(value.key);
  if (current != nullptr && !ready && overwrite(*current, value, now)) return true;
  if (current == nullptr && !fits(value.charge(), 1, allowed_)) {
    const Entry* const victim = policy_->expect(value.key.index_hash());
    if (victim != nullptr) index_.prefetch(victim->hash);
  }
  if (!ready) ready = make_entry(*heap_, value.key, value.value, value.expires_at);
  store(std::move(ready), current, now, gone);
  return true;
}

// Of what is too large no older value is left, unless it was to replace none.
void Shard::discard(const NewValue& value, Time now, RemovedEntries& gone) {
  if (value.condition == SetCondition::if_absent) return;
  void_lease(value.key);
  Entry* const older = find_alive(value.key, now, gone);
  if (older == nullptr) return;
  drop(*older, RemovalCause::removed, gone);
  ++stats_.changes;
}

// In place, where the block has the right size and nobody holds it. The lock keeps readers out.
bool Shard::overwrite(Entry& entry, const NewValue& fresh, Time now) {
  if (keep_replaced_ || entry.value_size != fresh.value.size()) return false;
  if (entry.expires != (fresh.expires_at != no_expiry) ||
      entry.references.load(std::memory_order_acquire) > 1) {
    return false;
  }
  use(entry);
  if (entry.expires) {
    wheel_.remove(entry);
    entry.expiry().at = fresh.expires_at;
    wheel_.add(entry);
  }
  entry.stored_at = age_tick(now);
  if (!fresh.value.empty()) {
    std::memcpy(entry.value_bytes(), fresh.value.data(), fresh.value.size());
  }
  return true;
}

bool Shard::remove(const HashedKey& key, RemovedEntries& gone) {
  const Time now = runtime_.now();
  {
    const Writing lock(lock_);
    if (is_home_of(key)) {
      begin_write(now, gone);
      void_lease(key);
      Entry* const entry = find_alive(key, now, gone);
      if (entry == nullptr) return false;
      drop(*entry, RemovalCause::removed, gone);
      ++stats_.changes;
      return true;
    }
  }
  return table_.home_of(key).remove(key, gone);
}

Result<std::int64_t> Shard::increment(const HashedKey& key, std::int64_t by, RemovedEntries& gone) {
  const Time now = runtime_.now();
  {
    const Writing lock(lock_);
    if (is_home_of(key)) {
      begin_write(now, gone);
      return increment_locked(key, by, now, gone);
    }
  }
  return table_.home_of(key).increment(key, by, gone);
}

Result<std::int64_t> Shard::increment_locked(const HashedKey& key, std::int64_t by, Time now,
                                             RemovedEntries& gone) {
  Entry* const current = find_alive(key, now, gone);
  Result<std::int64_t> sum =
      counter_sum(current != nullptr ? std::optional(current->value()) : std::nullopt, by);
  if (!sum) return sum;
  EntryPtr counter = make_entry(*heap_, key, std::to_string(*sum),
                                current != nullptr ? current->expires_at() : no_expiry);
  ++stats_.changes;
  void_lease(key);
  if (counter->charge() > bounds_.bytes) {
    if (current != nullptr) drop(*current, RemovalCause::removed, gone);
    return fail(Errc::too_large, "the counter does not fit into a shard", {},
                "raise the capacity, or use fewer shards");
  }
  store(std::move(counter), current, now, gone);
  return sum;
}

std::uint64_t Shard::step_from(std::uint64_t position) const {
  const Reading lock(lock_);
  return index_.walk(position, most_at_once, [](const Entry&) {});
}

std::uint64_t Shard::clear(std::uint64_t position, std::uint64_t end, RemovedEntries& gone) {
  const Time now = runtime_.now();
  const Writing lock(lock_);
  begin_write(now, gone);
  void_leases();  // Whatever part this is: it is the first of all that makes them void.
  std::array<Entry*, most_at_once> step;
  std::size_t count = 0;
  std::uint64_t rest = end;  // Of those that are close together, and too many.
  const std::uint64_t next = index_.walk(position, step.size(), [&](Entry& entry) {
    if (entry.hash < position || entry.hash >= end) return;
    if (count < step.size()) {
      step[count++] = &entry;
    } else {
      rest = std::min<std::uint64_t>(rest, entry.hash);
    }
  });
  for (Entry* const entry : std::span(step).first(count)) {
    const bool expired = entry->expired(now);
    drop(*entry, expired ? RemovalCause::expired : RemovalCause::removed, gone);
    if (expired) ++stats_.expired;
  }
  ++stats_.changes;
  const std::uint64_t done = std::min(next, rest);
  if (done == Index::walk_end && policy_->count() == 0) {
    policy_->restart();
    index_.shrink();
  }
  return done;
}

void Shard::scan(std::string_view pattern, std::uint64_t from, std::size_t limit,
                 ScanPage& page) const {
  const Reading lock(lock_);
  const Time now = runtime_.now();
  const std::uint64_t next = index_.walk(from, limit, [&](const Entry& entry) {
    if (entry.hash < from || entry.hash >= page.end || entry.expired(now)) return;
    if (core::glob_match(pattern, entry.key())) {
      page.keys.push_back({.position = entry.hash, .text = std::string(entry.key())});
    }
  });
  page.end = std::min(page.end, next);
}

void Shard::list(std::vector<ListedEntry>& entries) const {
  const Reading lock(lock_);
  const Time now = runtime_.now();
  policy_->for_each([&](const Entry& entry) {
    if (entry.expired(now)) return;
    retain(entry);
    entries.push_back({.entry = EntryReference(&entry), .expires_at = entry.expires_at()});
  });
}

void Shard::collect() {
  for (bool done = false; !done;) {
    const Writing lock(lock_);
    done = heap_->collect();
  }
}

bool Shard::sweep(std::size_t limit, RemovedEntries& gone) {
  const Time now = runtime_.now();
  const Writing lock(lock_);
  begin_write(now, gone);
  drop_all_expired(now, limit, gone);
  return limit > 0;
}

ShardStats Shard::counts() const {
  const Reading lock(lock_);
  ShardStats stats = stats_;
  stats.items = index_.count();
  return stats;
}

std::uint64_t Shard::changes() const {
  const Reading lock(lock_);
  return stats_.changes;
}

Entry* Shard::find_alive(const HashedKey& key, Time now, RemovedEntries& gone) {
  Entry* const entry = find(key);
  if (entry == nullptr || !entry->expired(now)) return entry;
  drop(*entry, RemovalCause::expired, gone);
  ++stats_.expired;
  return nullptr;
}

void Shard::store(EntryPtr entry, Entry* current, Time now, RemovedEntries& gone,
                  std::optional<RemovalCause> cause) {
  entry->stored_at = age_tick(now);
  // All that can fail comes before all that changes something.
  index_.reserve_one();
  if (entry->expires) wheel_.reserve();
  policy_->reserve();

  const std::uint64_t charge = entry->charge();
  if (current != nullptr) {
    const std::uint64_t old = current->charge();
    if (charge <= old || fits(charge - old, 0, allowed_)) {
      replace(*current, *entry.release(), cause, gone);
      return;
    }
    // It takes room from others: were it kept meanwhile, it might be chosen itself.
    drop(*current, cause, gone);
  }
  make_room(charge, 1, now, gone);
  index_.insert(*entry);
  policy_->add(*entry);
  wheel_.add(*entry);
  stats_.bytes += charge;
  items_.store(index_.count(), std::memory_order_relaxed);
  static_cast<void>(entry.release());  // The shard has it now.
}

void Shard::replace(Entry& old, Entry& fresh, std::optional<RemovalCause> cause,
                    RemovedEntries& gone) noexcept {
  index_.replace(old, fresh);
  policy_->replace(old, fresh);
  wheel_.remove(old);
  wheel_.add(fresh);
  stats_.bytes += fresh.charge();
  stats_.bytes -= old.charge();
  gone.add(old, cause);
}

// Out of everything.
void Shard::drop(Entry& entry, std::optional<RemovalCause> cause, RemovedEntries& gone) noexcept {
  policy_->remove(entry);
  leave(entry, cause, gone);
}

// Out of everything but the policy, which has let it go.
void Shard::leave(Entry& entry, std::optional<RemovalCause> cause, RemovedEntries& gone) noexcept {
  index_.erase(entry);
  wheel_.remove(entry);
  stats_.bytes -= entry.charge();
  items_.store(index_.count(), std::memory_order_relaxed);
  gone.add(entry, cause);
}

}  // namespace cachekit::memory
