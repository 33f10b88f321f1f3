#include "net/mux/backlog.hpp"

#include "net/mux/io_thread.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::net {

void Backlog::add(AsyncRequest& request) noexcept {
  Waiter* before = line_.back();
  while (before != nullptr && before->turn_.number > request.turn_.number) {
    before = before->previous_;
  }
  line_.insert_behind(before, request);
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
