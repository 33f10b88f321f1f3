// Invariants: an entry whose time is not above tick_ is in the due slot, in the lowest level's slot
// for tick_, or in a slot of a higher level in which tick_ lies; the last is unsorted, and is
// sorted before tick_ moves on. A slot that is taken lies ahead of tick_ or holds it, and agrees
// with tick_ in all bits above its level; so the first taken slot of the lowest level that has one
// comes next.

#include "memory/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <chrono>

namespace cachekit::memory {
namespace {

using std::chrono::milliseconds;

std::uint64_t last_tick_before(Time time) noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::floor<milliseconds>(time.time_since_epoch()).count());
}

// The first tick at which everything with this time has expired.
std::uint64_t tick_of(const Entry& entry) noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::ceil<milliseconds>(entry.expiry().at.time_since_epoch()).count());
}

}  // namespace

TimerWheel::TimerWheel(Time now) noexcept : tick_(last_tick_before(now)) {}

void TimerWheel::reserve() {
  if (!slots_) slots_ = std::make_unique<Slots>();
}

void TimerWheel::add(Entry& entry) {
  if (!entry.expires) return;
  if (entry.expiry().at == no_expiry) {  // It did expire once, and was told not to.
    entry.expiry().slot = no_slot;
    return;
  }
  reserve();
  link(entry, slot_for(tick_of(entry)));
  ++count_;
}

void TimerWheel::remove(Entry& entry) noexcept {
  if (!entry.expires || entry.expiry().slot == no_slot) return;
  unlink(entry);
  --count_;
}

Entry* TimerWheel::due(Time now, std::size_t& steps) noexcept {
  if (count_ == 0) {
    tick_ = std::max(tick_, last_tick_before(now));
    return nullptr;
  }
  for (; steps > 0; --steps) {
    Entry* const late = slots_->first[due_slot];
    if (Entry* const entry = late != nullptr ? late : slots_->first[group(tick_, 0)]) {
      --steps;
      return entry;
    }
    if (Entry* const entry = unsorted()) {
      if (entry->expired(now)) {  // No need to sort it among others that have, too.
        --steps;
        return entry;
      }
      unlink(*entry);
      link(*entry, slot_for(tick_of(*entry)));
    } else if (!advance(last_tick_before(now))) {
      return nullptr;
    }
  }
  return nullptr;
}

std::uint16_t TimerWheel::slot_for(Tick at) const noexcept {
  if (at <= tick_) return due_slot;
  const auto highest = static_cast<unsigned>(std::bit_width(at ^ tick_)) - 1;
  const std::size_t level = std::min<std::size_t>(highest / level_bits, levels - 1);
  return static_cast<std::uint16_t>(level * slots + group(at, level));
}

void TimerWheel::link(Entry& entry, std::uint16_t slot) noexcept {
  Expiry& links = entry.expiry();
  Entry*& first = slots_->first[slot];
  links.slot = slot;
  links.before = nullptr;
  links.after = first;
  if (first != nullptr) first->expiry().before = &entry;
  first = &entry;
  if (slot != due_slot) slots_->taken[slot / slots] |= std::uint64_t{1} << (slot % slots);
}

void TimerWheel::unlink(Entry& entry) noexcept {
  Expiry& links = entry.expiry();
  const std::uint16_t slot = links.slot;
  if (links.after != nullptr) links.after->expiry().before = links.before;
  if (links.before != nullptr) {
    links.before->expiry().after = links.after;
  } else {
    slots_->first[slot] = links.after;
    if (links.after == nullptr && slot != due_slot) {
      slots_->taken[slot / slots] &= ~(std::uint64_t{1} << (slot % slots));
    }
  }
  links.slot = no_slot;
}

// An entry of a higher level's slot in which the wheel's time lies.
Entry* TimerWheel::unsorted() const noexcept {
  for (std::size_t level = 1; level < levels; ++level) {
    if (Entry* const entry = slots_->first[level * slots + group(tick_, level)]) return entry;
  }
  return nullptr;
}

// To the next slot that is taken, or to `now` if that comes first: then it says false. Requires:
// nothing is unsorted or due.
bool TimerWheel::advance(Tick now) noexcept {
  for (std::size_t level = 0; level < levels; ++level) {
    const std::uint64_t taken = slots_->taken[level];
    if (taken == 0) continue;
    const auto next = static_cast<Tick>(std::countr_zero(taken));
    const unsigned shift = level_bits * static_cast<unsigned>(level);
    const Tick above = (tick_ >> shift) / slots * slots;
    const Tick begins = (above + next) << shift;
    if (begins > now) break;
    tick_ = begins;
    return true;
  }
  tick_ = std::max(tick_, now);
  return false;
}

bool TimerWheel::consistent() const noexcept {
  if (!slots_) return count_ == 0;
  std::size_t seen = 0;
  for (std::size_t slot = 0; slot <= due_slot; ++slot) {
    if (!slot_consistent(slot, seen)) return false;
  }
  return seen == count_;
}

bool TimerWheel::slot_consistent(std::size_t slot, std::size_t& seen) const noexcept {
  const std::size_t level = slot / slots;
  if (slot != due_slot) {
    const bool taken = ((slots_->taken[level] >> (slot % slots)) & 1U) != 0;
    if (taken != (slots_->first[slot] != nullptr)) return false;
  }
  const Entry* before = nullptr;
  for (const Entry* entry = slots_->first[slot]; entry != nullptr; entry = entry->expiry().after) {
    if (++seen > count_ || !entry->expires) return false;
    const Expiry& links = entry->expiry();
    if (links.before != before || links.slot != slot) return false;
    const Tick at = tick_of(*entry);
    if (slot == due_slot ? at > tick_ : group(at, level) != slot % slots) return false;
    before = entry;
  }
  return true;
}

}  // namespace cachekit::memory
