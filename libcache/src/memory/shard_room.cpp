// How a shard keeps to its bounds: what makes room, and what moves to another shard.

#include "memory/shard.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace cachekit::memory {
namespace {

// Of each write, so that dead entries give their bytes back in step with new ones coming in.
constexpr std::size_t sweep_steps = 16;
// Before an entry that is alive makes room: how far to look for one that has expired.
constexpr std::size_t search_steps = 128;
// Of each write while the bounds do not hold yet, beside the room that it needs itself.
constexpr std::size_t trim_steps = 8;

}  // namespace

void Shard::set_bounds(const Bounds& bounds) {
  const Writing lock(lock_);
  change_bounds(bounds);
}

void Shard::change_bounds(const Bounds& bounds) noexcept {
  if (bounds.bytes > bounds_.bytes || bounds.items > bounds_.items) policy_->expand();
  max_bytes_.store(bounds.bytes, std::memory_order_relaxed);
  bounds_ = bounds;
  allow_what_is_held();
}

void Shard::allow_what_is_held() noexcept {
  allowed_ = {.bytes = std::max(bounds_.bytes, stats_.bytes),
              .items = std::max<std::uint64_t>(bounds_.items, index_.count())};
}

bool Shard::trim(std::size_t limit, RemovedEntries& gone) {
  const Time now = runtime_.now();
  const Writing lock(lock_);
  begin_write(now, gone);
  if (!drop_down_to(bounds_, limit, now, gone)) return false;
  index_.shrink();
  return true;
}

bool Shard::trim_to(const Bounds& bounds, std::size_t limit, RemovedEntries& gone) {
  const Time now = runtime_.now();
  const Writing lock(lock_);
  begin_write(now, gone);
  return drop_down_to(bounds, limit, now, gone);
}

bool Shard::drop_down_to(const Bounds& bounds, std::size_t limit, Time now,
                         RemovedEntries& gone) noexcept {
  for (; limit > 0 && !fits(0, 0, bounds); --limit) drop_one(now, gone);
  tighten();
  return fits(0, 0, bounds);
}

// Queue by queue: each entry goes where as large a part of the new queue is before it as was of its
// old one.
void Shard::take_all(Shard& other, RemovedEntries& gone) noexcept {
  other.void_leases();
  for (std::size_t queue = 0; queue < policy_->queues(); ++queue) {
    const std::size_t mine = policy_->queue(queue).count();
    EntryQueue& theirs = other.policy_->queue(queue);
    const std::size_t others = theirs.count();
    std::size_t turned = 0;
    for (std::size_t taken = 0; taken < others; ++taken) {
      for (; turned < mine && turned * others <= taken * mine; ++turned) {
        if (!turn_over(queue)) turned = mine;
      }
      take(*theirs.front(), queue, other, gone);
    }
    for (; turned < mine; ++turned) {
      if (!turn_over(queue)) turned = mine;
    }
  }
  other.policy_->restart();
  other.index_.shrink();
  allow_what_is_held();
}

// The front of a queue goes to its back as it is; false where there is no memory for that.
bool Shard::turn_over(std::size_t queue) noexcept {
  try {
    policy_->reserve();
  } catch (const std::bad_alloc&) {
    return false;
  }
  EntryQueue& turned = policy_->queue(queue);
  Entry& front = *turned.front();
  const std::uint32_t stamp = turned.front_stamp();
  turned.remove(front);
  turned.push_back(front, stamp);
  return true;
}

void Shard::take(const Entry& entry, std::size_t queue, Shard& from,
                 RemovedEntries& gone) noexcept {
  const std::uint32_t age = from.policy_->now() - from.policy_->queue(queue).stamp_of(entry);
  adopt(from.hand_over(entry), queue, age, gone);
}

// Out of everything, as `leave`, but for another shard. A copy for the other shard's heap is made
// there: what stays in this one's would keep its pages.
EntryPtr Shard::hand_over(const Entry& entry) noexcept {
  auto& mine = const_cast<Entry&>(entry);  // Others only see it so.
  policy_->remove(mine);
  index_.erase(mine);
  wheel_.remove(mine);
  stats_.bytes -= mine.charge();
  items_.store(index_.count(), std::memory_order_relaxed);
  return EntryPtr(&mine);
}

void Shard::adopt(EntryPtr entry, std::size_t queue, std::uint32_t age,
                  RemovedEntries& gone) noexcept {
  try {
    EntryPtr mine;
    if (in_heap(*entry)) mine = copy_entry(*heap_, *entry);
    Entry& wanted = mine ? *mine : *entry;
    if (wanted.expires) wheel_.reserve();
    policy_->reserve();
    index_.insert(wanted);
    if (mine) entry = std::move(mine);
  } catch (const std::bad_alloc&) {
    ++stats_.evictions;
    gone.add(*entry.release(), RemovalCause::evicted);
    return;
  }
  policy_->queue(queue).push_back(*entry, policy_->now() - age);
  wheel_.add(*entry);
  stats_.bytes += entry->charge();
  items_.store(index_.count(), std::memory_order_relaxed);
  static_cast<void>(entry.release());  // The shard has it now.
}

// What every change begins with. The time was read before the lock was taken, so as to hold it for
// a shorter time.
void Shard::begin_write(Time now, RemovedEntries& gone) noexcept {
  heap_->collect();
  std::size_t steps = sweep_steps;
  drop_all_expired(now, steps, gone);
  for (std::size_t i = 0; i < trim_steps && !fits(0, 0, bounds_); ++i) drop_one(now, gone);
  tighten();
}

// Where there is no memory to move on those that deserve it, the front goes, whether it does or
// not.
Entry& Shard::take_victim() noexcept {
  try {
    policy_->reserve();
  } catch (const std::bad_alloc&) {
    Entry& front = *policy_->front();
    policy_->remove(front);
    return front;
  }
  return policy_->evict();
}

void Shard::evict_one(Time now, RemovedEntries& gone) noexcept {
  Entry& victim = take_victim();
  if (victim.expired(now)) {
    ++stats_.expired;
    return leave(victim, RemovalCause::expired, gone);
  }
  ++stats_.evictions;
  ++stats_.evicted_ages.buckets[AgeCounts<std::uint64_t>::bucket_of(age(victim.stored_at, now))];
  leave(victim, RemovalCause::evicted, gone);
}

// One that has expired if the wheel finds one; mostly its next step says whether there is any.
void Shard::drop_one(Time now, RemovedEntries& gone) noexcept {
  std::size_t steps = search_steps;
  if (!drop_expired(now, steps, gone)) evict_one(now, gone);
}

// Until so much more would fit.
void Shard::make_room(std::uint64_t bytes, std::uint64_t items, Time now,
                      RemovedEntries& gone) noexcept {
  while (!fits(bytes, items, allowed_) && policy_->count() > 0) drop_one(now, gone);
}

// What is allowed follows what is held down to the bounds.
void Shard::tighten() noexcept {
  if (allowed_ == bounds_) return;
  allowed_ = {
      .bytes = std::max(bounds_.bytes, std::min(allowed_.bytes, stats_.bytes)),
      .items = std::max(bounds_.items, std::min<std::uint64_t>(allowed_.items, index_.count()))};
}

}  // namespace cachekit::memory
