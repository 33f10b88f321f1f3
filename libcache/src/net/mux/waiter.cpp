#include "net/mux/waiter.hpp"

#include <utility>

namespace cachekit::net {
namespace {

constexpr unsigned signal_bits = 2;
constexpr std::uint32_t signal_mask = (1U << signal_bits) - 1;

constexpr std::uint32_t to_word(BlockingWaiter::Signal signal) noexcept {
  return static_cast<std::uint32_t>(signal);
}

}  // namespace

BlockingWaiter::Signal BlockingWaiter::signal() const noexcept {
  return Signal{word_.load(std::memory_order_acquire) & signal_mask};
}

BlockingWaiter::Signal BlockingWaiter::sleep(ParkingLot& lot,
                                             Deadline::clock::time_point until) noexcept {
  const ParkingLot::Place place = lot.next_place();
  const std::uint32_t asleep = to_word(Signal::asleep) | (place << signal_bits);
  std::uint32_t seen = to_word(Signal::none);
  if (!word_.compare_exchange_strong(seen, asleep, std::memory_order_acq_rel)) return consume(seen);
  lot.park(place, until, [&] { return word_.load(std::memory_order_acquire) != asleep; });
  seen = asleep;
  const auto awake = to_word(Signal::none);
  if (word_.compare_exchange_strong(seen, awake, std::memory_order_acq_rel)) return Signal::none;
  return consume(seen);
}

// To be promoted is a signal once.
BlockingWaiter::Signal BlockingWaiter::consume(std::uint32_t seen) noexcept {
  if (Signal{seen} == Signal::lead) {
    word_.compare_exchange_strong(seen, to_word(Signal::none), std::memory_order_acq_rel);
    return Signal::lead;
  }
  return Signal{seen};
}

void BlockingWaiter::tell(Signal signal, Wakeups& wakeups) noexcept {
  const auto before = word_.exchange(to_word(signal), std::memory_order_acq_rel);
  if (Signal{before & signal_mask} == Signal::asleep) wakeups.add(before >> signal_bits);
}

void BlockingWaiter::released(Wakeups& wakeups) noexcept { tell(Signal::settled, wakeups); }

void WaiterList::push_back(Waiter& waiter, Waiter::Place place) noexcept {
  waiter.place_.store(place, std::memory_order_relaxed);
  waiter.previous_ = last_;
  waiter.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &waiter;
  last_ = &waiter;
}

void WaiterList::insert_behind(Waiter* before, Waiter& waiter) noexcept {
  waiter.previous_ = before;
  waiter.next_ = before != nullptr ? before->next_ : first_;
  (before != nullptr ? before->next_ : first_) = &waiter;
  (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = &waiter;
}

Waiter& WaiterList::pop_front() noexcept {
  Waiter& front = *first_;
  remove(front);
  return front;
}

Waiter& WaiterList::take_front() noexcept {
  Waiter& front = *first_;
  first_ = front.next_;
  (first_ != nullptr ? first_->previous_ : last_) = nullptr;
  return front;
}

void WaiterList::remove(Waiter& waiter) noexcept {
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
  (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
  waiter.previous_ = waiter.next_ = nullptr;
  waiter.place_.store(Waiter::Place::nowhere, std::memory_order_relaxed);
}

void WaiterList::replace(Waiter& waiter, Waiter& by) noexcept {
  by.previous_ = waiter.previous_;
  by.next_ = waiter.next_;
  by.place_.store(waiter.place_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  by.bytes_ = waiter.bytes_;
  by.ticket_ = std::move(waiter.ticket_);
  (by.previous_ != nullptr ? by.previous_->next_ : first_) = &by;
  (by.next_ != nullptr ? by.next_->previous_ : last_) = &by;
  waiter.previous_ = waiter.next_ = nullptr;
  waiter.place_.store(Waiter::Place::nowhere, std::memory_order_relaxed);
}

void WaiterList::splice_back(WaiterList& other, Waiter::Place place) noexcept {
  if (other.empty()) return;
  for (Waiter* at = other.first_; at != nullptr; at = at->next_)
    at->place_.store(place, std::memory_order_relaxed);
  other.first_->previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = other.first_;
  last_ = other.last_;
  other.first_ = other.last_ = nullptr;
}

}  // namespace cachekit::net
