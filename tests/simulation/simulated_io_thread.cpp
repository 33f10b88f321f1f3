// What `IoThread` does for calls that nobody waits for.

#include "simulation/simulated_client.hpp"

#include <algorithm>

namespace cachekit::test {

using namespace std::chrono_literals;
using net::WaiterAccess;
using net::WaiterList;

void SimulatedClient::start(AsyncCall& call) {
  backlog_.take_turn(call);
  if (backlog_.in_use() || !enqueue(call, call.call())) {
    note("line " + call.call().name.text());
    backlog_.add(call);
  } else if (runtime_.below(2) == 0) {
    static_cast<void>(flush());
  }
  changed_->notify_all();
}

void SimulatedClient::cancel(AsyncCall& call) {
  note("cancel " + call.call().name.text());
  call.unwanted = true;
  const auto withdrawn = fail(Errc::cancelled, "withdrawn");
  if (WaiterAccess::in_backlog(call)) {
    backlog_.remove(call);
    call.outcome() = withdrawn;
    return conclude(call);
  }
  while (delivering_ && !call.call().outcome) sleep(Time::max());
  if (call.call().outcome || WaiterAccess::nowhere(call)) return;
  withdraw(call, Errc::cancelled);
  settle(call);
}

void SimulatedClient::end() {
  ending_ = true;
  changed_->notify_all();
}

void SimulatedClient::serve() {
  while (!ending_) {
    if (backlog_.any_may_go()) {
      if (!mux_.accepting()) connect(now() + 5ms);
      if (mux_.accepting()) hand_over();
    }
    if (busy()) run_until(now() + 2ms);
    expire();
    sleep(now() + 2ms);
  }
  mark_broken(Errc::cancelled, "over");
  net::Completions completions;
  fail_all(completions);  // What was given up and never answered.
  settle(completions);
  close_if_unused();
}

void SimulatedClient::hand_over() {
  const std::uint64_t number = number_;
  WaiterList ready = backlog_.begin_hand_over();
  while (!ready.empty()) {
    auto& call = static_cast<AsyncCall&>(*ready.front());
    pause();
    if (call.unwanted) {
      ready.remove(call);
      call.outcome() = fail(Errc::cancelled, "withdrawn");
      conclude(call);
      continue;
    }
    if (number != number_) break;
    ready.remove(call);
    if (enqueue(call, call.call())) continue;
    ready.insert_behind(nullptr, call);
    break;
  }
  while (!ready.empty()) backlog_.add(static_cast<AsyncCall&>(ready.pop_front()));
  backlog_.end_hand_over();
  if (mux_.accepting()) static_cast<void>(flush());
}

void SimulatedClient::expire() {
  WaiterList expired;
  await([&] { return !delivering_; });
  auto next = mux_.expire(now(), expired);
  if (mux_.state() == net::Multiplexer::State::breaking && link_) link_->shut();
  reap();
  while (!expired.empty()) settle(expired.take_front());
  WaiterList late = backlog_.take_late(now(), next);
  while (!late.empty()) {
    auto& call = static_cast<AsyncCall&>(late.pop_front());
    call.outcome() = fail(Errc::timeout, "no turn in time");
    conclude(call);
  }
}

}  // namespace cachekit::test
