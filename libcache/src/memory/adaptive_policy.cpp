// The eviction policy.
//
// Frame: S3-FIFO (Yang, Zhang, Qiu, Yue and Rashmi: "FIFO queues are all you need for cache
// eviction", SOSP 2023). Most keys that come are never asked for again, so a new key goes to a
// small queue on probation (7 % of the entries). At its end, who was used meanwhile moves to the
// main queue, who was not is evicted, and its key remembered (`Ghost`). At the end of the main
// queue, who was used goes round once more for each use, up to three. Nothing moves when it is
// used: a hit only counts in the entry, up to three, and that is what lets readers share a lock.
//
// Three things are added.
//
// 1. A key that comes back after eviction is not let into main for that alone, as in S3-FIFO, but
//    only when it came back sooner than the oldest of main has been waiting for a use. This is the
//    inter-reference recency of LIRS (Jiang and Zhang, SIGMETRICS 2002), told by queue positions
//    instead of a stack. In a loop that is longer than the cache all keys come back after the same
//    time, none is better than what main has, and main stays: it hits where LRU never would.
// 2. While the cache is young, new keys go to main at once: no key has a history yet, and one that
//    goes to probation first would be lost before it comes round. It is young until something had
//    to make room, and again after a clear, after it was given more room, and when main has lost a
//    quarter of its share; then until main has its share. A quarter, because with values of
//    different sizes one large arrival takes the place of many, and main dips below its share all
//    the time: that is no reason to let everybody in.
// 3. Filtering costs hits where reuse is mostly recent: who comes back soon after leaving probation
//    had been better kept. Whether that is so is not guessed but measured on a sample of the
//    accesses (admission_tuner.hpp), which then sets `Admission::all`: all go to main, and this is
//    CLOCK.
//
// Time is counted in keys that came (misses that were stored), for hits take no lock and so cannot
// advance a clock. Shares are of the number of entries, not of bytes: what counts is hits.
//
// Measured against the alternatives: docs/decisions/0008. Invariants: an entry is in the queue that
// its `in_main` says; the ghost's time runs at `tick_`, both chosen anew together when the number
// of entries has changed much; a cache whose `full_` is 0 is young.

#include "memory/adaptive_policy.hpp"

#include <algorithm>
#include <new>

namespace cachekit::memory {
namespace {

constexpr std::size_t probation_percent = 7;
// Of keys that are gone, for each entry that is there.
constexpr double remembered = 1.5;
// The ghost tells times this much finer than the time in which the cache is filled once.
constexpr std::size_t ticks_a_fill = 1024;
// How many entries one call may move; then the next one goes, used or not.
constexpr int most_steps = 32;
// Main is filled anew, without filtering, when it has lost this part of its share.
constexpr std::size_t lost_part = 4;
// CLOCK does better when it counts less.
constexpr std::uint8_t most_uses_unfiltered = 2;

}  // namespace

void AdaptivePolicy::reserve() {
  probation_.reserve();
  main_.reserve();
  // What there is when the first has to go is what fits; much more or less since: anew.
  const std::size_t wanted = static_cast<std::size_t>(static_cast<double>(full_) * remembered);
  if (full_ == 0 || (ghost_ && wanted <= ghost_->room() * 4 / 3 && wanted >= ghost_->room() / 3)) {
    return;
  }
  try {
    ghost_.emplace(wanted);
  } catch (const std::bad_alloc&) {
    return;  // It is tried again; until then nobody has a history.
  }
  tick_ = static_cast<std::uint32_t>(std::max<std::size_t>(1, full_ / ticks_a_fill));
}

const Entry* AdaptivePolicy::expect(std::uint32_t hash) noexcept {
  const Entry* const oldest = evicts_from_probation() ? probation_.front() : main_.front();
  if (ghost_) {
    ghost_->prefetch(hash);
    if (oldest != nullptr) ghost_->prefetch(oldest->hash);
  }
  return oldest;
}

// Or from main.
bool AdaptivePolicy::evicts_from_probation() const noexcept {
  if (!filters()) return !probation_.empty();
  return probation_.count() >= probation_share() || main_.empty();
}

std::size_t AdaptivePolicy::probation_share() const noexcept {
  return std::max<std::size_t>(1, full_ * probation_percent / 100);
}

void AdaptivePolicy::add(Entry& entry) noexcept {
  ++now_;
  entry.policy.store(0, std::memory_order_relaxed);
  if (deserves_main(entry)) {
    to_main(entry, 0);
  } else {
    probation_.push_back(entry, now_);
  }
}

bool AdaptivePolicy::deserves_main(const Entry& entry) noexcept {
  const std::optional<Ghost::Time> absent =
      ghost_ ? ghost_->take(entry.hash, ghost_time(now_)) : std::nullopt;
  look_at_age();
  if (!filters() || young_) return true;
  if (!absent) return false;
  int steps = most_steps;
  settle_main(steps);
  const auto idle = static_cast<Ghost::Time>(ghost_time(now_) - ghost_time(main_.front_stamp()));
  return *absent <= idle;
}

void AdaptivePolicy::look_at_age() noexcept {
  const auto share = main_share();
  const bool lost_much = main_.count() < share - share / lost_part;
  if (full_ == 0 || main_.empty() || lost_much) {
    young_ = true;
  } else if (main_.count() >= share) {
    young_ = false;
  }
}

void AdaptivePolicy::restart() noexcept {
  expand();
  ghost_.reset();
}

void AdaptivePolicy::to_main(Entry& entry, std::uint8_t uses) noexcept {
  entry.policy.store(static_cast<std::uint8_t>(in_main | uses), std::memory_order_relaxed);
  main_.push_back(entry, now_);
}

void AdaptivePolicy::replace(const Entry& old, Entry& fresh) noexcept {
  (is_in_main(old) ? main_ : probation_).replace(old, fresh);
  fresh.policy.store(old.policy.load(std::memory_order_relaxed), std::memory_order_relaxed);
  note_use(fresh);
}

void AdaptivePolicy::remove(const Entry& entry) noexcept {
  (is_in_main(entry) ? main_ : probation_).remove(entry);
}

Entry& AdaptivePolicy::evict() noexcept {
  full_ = count();
  int steps = most_steps;
  const bool filtering = filters();
  if (!evicts_from_probation()) return evict_main(steps);
  while (Entry* const oldest = probation_.front()) {
    if (uses(*oldest) == 0 || steps-- <= 0) return leave(probation_);
    probation_.remove(*oldest);
    to_main(*oldest, 0);
    if (filtering && main_.count() > main_share()) break;
  }
  return evict_main(steps);
}

// Moves on what was used, until the front of main was not, or the steps are used up.
void AdaptivePolicy::settle_main(int& steps) noexcept {
  const std::uint8_t most = filters() ? most_uses : most_uses_unfiltered;
  for (; steps > 0; --steps) {
    Entry& oldest = *main_.front();
    const std::uint8_t used = std::min(uses(oldest), most);
    if (used == 0) return;
    main_.remove(oldest);
    to_main(oldest, static_cast<std::uint8_t>(used - 1));
  }
}

Entry& AdaptivePolicy::evict_main(int& steps) noexcept {
  settle_main(steps);
  return leave(main_);
}

Entry& AdaptivePolicy::leave(EntryQueue& queue) noexcept {
  Entry& oldest = *queue.front();
  if (ghost_) ghost_->add(oldest.hash, ghost_time(queue.front_stamp()), ghost_time(now_));
  queue.remove(oldest);
  return oldest;
}

void AdaptivePolicy::for_each(const std::function<void(const Entry&)>& visit) const {
  probation_.for_each(visit);
  main_.for_each(visit);
}

bool AdaptivePolicy::consistent() const {
  if (!probation_.consistent() || !main_.consistent()) return false;
  bool sound = true;
  probation_.for_each([&](const Entry& entry) { sound = sound && !is_in_main(entry); });
  main_.for_each([&](const Entry& entry) { sound = sound && is_in_main(entry); });
  return sound;
}

}  // namespace cachekit::memory
