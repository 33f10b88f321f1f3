#include "net/waiter.hpp"

#include "net/futex.hpp"

namespace cachekit::net {

Sleeper::News Sleeper::sleep(Deadline::clock::time_point until) noexcept {
  constexpr auto none = static_cast<std::uint32_t>(News::none);
  constexpr auto asleep = static_cast<std::uint32_t>(News::asleep);
  std::uint32_t seen = none;
  if (!word_.compare_exchange_strong(seen, asleep, std::memory_order_acq_rel)) return heed(seen);
  bool in_time = true;
  while (in_time && word_.load(std::memory_order_acquire) == asleep) {
    in_time = futex_wait(word_, asleep, until);
  }
  seen = asleep;
  if (word_.compare_exchange_strong(seen, none, std::memory_order_acq_rel)) return News::none;
  return heed(seen);
}

// To be told to drive is news once.
Sleeper::News Sleeper::heed(std::uint32_t seen) noexcept {
  if (News{seen} == News::drive) {
    word_.compare_exchange_strong(seen, static_cast<std::uint32_t>(News::none),
                                  std::memory_order_acq_rel);
    return News::drive;
  }
  return News{seen};
}

Sleeper::Bell Sleeper::tell(News news) noexcept {
  const Bell bell = &word_;
  const auto before = word_.exchange(static_cast<std::uint32_t>(news), std::memory_order_acq_rel);
  return News{before} == News::asleep ? bell : nullptr;
}

void Sleeper::ring(Bell bell) noexcept {
  if (bell != nullptr) futex_wake(*bell);
}

void Sleeper::released() noexcept { ring(tell(News::settled)); }

void WaiterList::push_back(Waiter& waiter, Waiter::Place place) noexcept {
  waiter.place_ = place;
  waiter.previous_ = last_;
  waiter.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &waiter;
  last_ = &waiter;
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
  waiter.place_ = Waiter::Place::nowhere;
}

void WaiterList::replace(Waiter& waiter, Waiter& by) noexcept {
  by.previous_ = waiter.previous_;
  by.next_ = waiter.next_;
  by.place_ = waiter.place_;
  by.begin_ = waiter.begin_;
  by.bytes_ = waiter.bytes_;
  by.batch_ = waiter.batch_;
  (by.previous_ != nullptr ? by.previous_->next_ : first_) = &by;
  (by.next_ != nullptr ? by.next_->previous_ : last_) = &by;
  waiter.previous_ = waiter.next_ = nullptr;
  waiter.place_ = Waiter::Place::nowhere;
}

void WaiterList::splice_back(WaiterList& other, Waiter::Place place) noexcept {
  if (other.empty()) return;
  for (Waiter* at = other.first_; at != nullptr; at = at->next_) at->place_ = place;
  other.first_->previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = other.first_;
  last_ = other.last_;
  other.first_ = other.last_ = nullptr;
}

}  // namespace cachekit::net
