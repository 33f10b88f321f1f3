#include "net/mux/backlog.hpp"

#include "net/mux/io_thread.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::net {

// Those of a broken connection come back one after the other, many at once, and each stands beside
// the one before: from the end of a long line it would be far to go for each of them.
Waiter* Backlog::place_of(const AsyncRequest& request) noexcept {
  const auto older = [&](const Waiter* waiter) {
    return waiter->turn_.number < request.turn_.number;
  };
  Waiter* before = line_.back();
  if (before == nullptr || older(before)) return before;
  if (last_placed_ != nullptr) before = last_placed_;
  while (before != nullptr && !older(before)) before = before->previous_;
  const auto behind = [&] { return before == nullptr ? line_.front() : before->next_; };
  while (older(behind())) before = behind();  // The newest one is not older.
  return before;
}

void Backlog::add(AsyncRequest& request) noexcept {
  line_.insert_behind(place_of(request), request);
  if (&request != line_.back()) last_placed_ = &request;
  request.in_backlog_ = true;
  request.turn_.size = request.request().bytes();
  load_.add(request.turn_.size);
  in_use_ = true;
  // What it waits for may be waited for by nobody.
  if (other_ != nullptr && request.ticket_.must_wait() &&
      !std::exchange(request.waits_turn_, true)) {
    other_->count_background(1);
  }
}

void Backlog::remove(AsyncRequest& request) noexcept {
  if (last_placed_ == &request) last_placed_ = request.previous_;
  line_.remove(request);
  request.in_backlog_ = false;
  load_.remove(request.turn_.size);
  if (std::exchange(request.waits_turn_, false)) other_->count_background(-1);
  refresh();
}

bool Backlog::any_may_go() const noexcept {
  const auto may_go = [](const Waiter& waiter) { return !waiter.ticket_.must_wait(); };
  return line_.newest(may_go) != nullptr;
}

// From the newest to the oldest: what a thread waits for may end meanwhile, and then the older ones
// of its requests are to go, not the newer ones.
WaiterList Backlog::begin_hand_over() noexcept {
  handing_over_ = true;
  WaiterList ready;
  Waiter* preceding = nullptr;
  for (Waiter* at = line_.back(); at != nullptr; at = preceding) {
    preceding = at->previous_;
    if (at->ticket_.must_wait()) continue;
    remove(of(*at));
    ready.insert_behind(nullptr, *at);
  }
  return ready;
}

void Backlog::end_hand_over() noexcept {
  handing_over_ = false;
  refresh();
}

WaiterList Backlog::take_all() noexcept {
  WaiterList all;
  while (!line_.empty()) {
    Waiter& waiter = *line_.front();
    remove(of(waiter));
    all.push_back(waiter, Waiter::Place::nowhere);
  }
  return all;
}

WaiterList Backlog::take_late(TimePoint now, TimePoint& next) noexcept {
  WaiterList late;
  Waiter* following = nullptr;
  for (Waiter* at = line_.front(); at != nullptr; at = following) {
    following = at->next_;
    if (at->deadline_.at() > now) {
      next = std::min(next, at->deadline_.at());
      continue;
    }
    remove(of(*at));
    late.push_back(*at, Waiter::Place::nowhere);
  }
  return late;
}

}  // namespace cachekit::net
