// How a cache changes its bounds, and with them the number of its shards.
//
// A shard's share bounds the largest value, and one shard does not use what another one has to
// spare; so a small cache is to have few of them, and a large one many, for their locks' sake. When
// the number changes, shards that are neighbours merge, or one is halved, again and again. Both are
// locked while their entries move, and nobody else; and each entry is in one shard or the other for
// all who look it up, for they ask the table again once they hold a lock (shard_table.hpp).

#include "memory/store.hpp"

#include <new>
#include <vector>

namespace cachekit::memory {

void Store::resize(const Bounds& bounds, std::size_t shards) {
  // What has expired goes first, and what is alive only if that was not enough.
  in_steps([](Shard& shard, RemovedEntries& gone) { return shard.sweep(largest_step, gone); });
  if (const std::size_t now = shard_count(); shards < now) {
    // So that not much more moves than may stay.
    const Bounds twice{.bytes = bounds.bytes / now * 2, .items = bounds.items / now * 2 + 1};
    in_steps([&](Shard& shard, RemovedEntries& gone) {
      return shard.trim_to(twice, largest_step, gone);
    });
  }
  RemovedEntries gone;
  {
    const core::MutexLock lock(resizing_);
    max_bytes_.store(bounds.bytes, std::memory_order_relaxed);
    max_entries_.store(bounds.items, std::memory_order_relaxed);
    reshape(bounds, shards, gone);
  }
  notify_removed(gone);
  in_steps([](Shard& shard, RemovedEntries& leaving) { return shard.trim(largest_step, leaving); });
  pool_->give_back();
}

void Store::reshape(const Bounds& bounds, std::size_t shards, RemovedEntries& gone) {
  const std::size_t now = shard_count();
  if (shards > now) {
    try {
      std::vector<const Entry*> room;
      room.reserve(static_cast<std::size_t>(items()) / now + 1);
      make_shards(shards);
      split_shards(shards, room, gone);
      shard_count_.store(shards, std::memory_order_relaxed);
    } catch (const std::bad_alloc&) {  // Nothing has moved yet. Fewer will do.
      shards = now;
    }
  }
  if (shards < now) {
    shard_count_.store(shards, std::memory_order_relaxed);
    merge_shards(now, gone);
  }
  set_shares(bounds, shards);
}

void Store::set_shares(const Bounds& bounds, std::size_t shards) {
  const std::size_t slots = table_.slots() / shards;
  for (std::size_t i = 0; i < shards; ++i) {
    table_.made(i * slots)->set_bounds(share_of(bounds, i, shards));
  }
}

// The shares add up to no more than the whole.
Bounds Store::share_of(const Bounds& bounds, std::size_t shard, std::size_t shards) noexcept {
  return {.bytes = bounds.bytes / shards,
          .items = bounds.items / shards + (shard < bounds.items % shards ? 1 : 0)};
}

// Those that so many shards need; home to nothing yet.
void Store::make_shards(std::size_t shards) {
  const std::size_t slots = table_.slots() / shards;
  for (std::size_t number = 0; number < table_.slots(); number += slots) {
    if (table_.made(number) == nullptr) table_.make(number, make_shard({}));
  }
}

// Down to as many as there are to be, from so many.
void Store::merge_shards(std::size_t before, RemovedEntries& gone) {
  const std::size_t slots = table_.slots() / shard_count();
  for (std::size_t half = table_.slots() / before; half < slots; half *= 2) {
    for (std::size_t number = 0; number < table_.slots(); number += 2 * half) {
      merge(number, half, gone);
    }
  }
}

// A shard gets its neighbour's slots, which are as many as its own.
void Store::merge(std::size_t number, std::size_t half, RemovedEntries& gone) {
  Shard& shard = *table_.made(number);
  Shard& other = *table_.made(number + half);
  {
    const Shard::Writing lock(shard.lock());
    const Shard::Writing other_lock(other.lock());
    shard.add_bounds(other);
    shard.take_all(other, gone);
    table_.move(number + half, half, shard);
    shard.set_home(table_.range(number, 2 * half));
    other.set_home({});
  }
  other.collect();
}

void Store::split_shards(std::size_t shards, std::vector<const Entry*>& room,
                         RemovedEntries& gone) {
  const std::size_t slots = table_.slots() / shards;
  for (std::size_t half = table_.slots() / shard_count() / 2; half >= slots; half /= 2) {
    for (std::size_t number = 0; number < table_.slots(); number += 2 * half) {
      halve(number, half, room, gone);
    }
  }
}

// The upper half of a shard's slots goes to another one.
void Store::halve(std::size_t number, std::size_t half, std::vector<const Entry*>& room,
                  RemovedEntries& gone) {
  Shard& shard = *table_.made(number);
  Shard& other = *table_.made(number + half);
  const HashRange range = table_.range(number + half, half);
  {
    const Shard::Writing lock(shard.lock());
    const Shard::Writing other_lock(other.lock());
    other.copy_bounds(shard);
    const auto moves = [&](const Entry& entry) {
      return range.contains(keyed_hash(seed_, entry.key()));
    };
    shard.give_some(other, moves, room, gone);
    table_.move(number + half, half, other);
    shard.set_home(table_.range(number, half));
    other.set_home(range);
  }
  shard.collect();
}

}  // namespace cachekit::memory
