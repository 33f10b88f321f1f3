// What `Combiner`, `SharedConnection` and `Caller` do around the multiplexer, without their locks,
// of which there are two: nobody changes places where the first is held, and `Delivery` stands for
// the other one.

#include "simulation/simulated_client.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::test {

using namespace std::chrono_literals;
using net::Completions;
using net::WaiterAccess;
using net::WriteEnd;
using State = net::Multiplexer::State;

class SimulatedClient::Delivery {
 public:
  explicit Delivery(SimulatedClient& client) : client_(client) {
    client_.await([&] { return !client_.delivering_; });
    client_.delivering_ = true;
  }
  ~Delivery() {
    client_.delivering_ = false;
    client_.changed_->notify_all();
  }
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

 private:
  SimulatedClient& client_;
};

SimulatedClient::SimulatedClient(VirtualRuntime& runtime, NextLink next_link)
    : runtime_(runtime),
      next_link_(std::move(next_link)),
      mux_("peer", {bounds_, order_, net::Lane::shared}, 20ms),
      changed_(runtime.make_condition()) {
  bounds_.count(mux_.load());
  bounds_.count(backlog_.load());
}

void SimulatedClient::note(const std::string& step) {
  if (tracing_)
    steps_ += std::to_string(now().time_since_epoch().count() / 1000) + " " + step + "\n";
}

void SimulatedClient::await(const std::function<bool()>& holds) {
  while (!holds()) sleep(Time::max());
}

void SimulatedClient::sleep(Time until) {
  count_step();
  std::unique_lock lock(mutex_);
  changed_->wait_until(lock, until);
}

// A schedule takes some hundreds.
void SimulatedClient::count_step() { must(++steps_taken_ < 100'000, "somebody goes on for ever"); }

void SimulatedClient::pause() {
  count_step();
  if (runtime_.below(2) == 0) runtime_.yield();
}

void SimulatedClient::check_empty() const {
  must(!busy() && mux_.load().bytes == 0, "something counts that is no longer under way");
  must(backlog_.load().count() == 0, "something is left in the line");
}

// One attempt at a time, which others wait for.
void SimulatedClient::connect(Time until) {
  if (connecting_) return sleep(until);
  connecting_ = true;
  reap();
  runtime_.sleep_for(std::chrono::microseconds(runtime_.below(1000)));
  auto fresh = next_link_();
  while (mux_.state() != State::closed && !mux_.accepting() && now() < until) {
    reap();
    if (mux_.state() != State::closed) sleep(std::min(until, now() + 1ms));
  }
  if (mux_.state() == State::closed && fresh) {
    link_ = std::move(fresh);
    mux_.open(std::make_unique<LineSession>(), now());
    ++number_;
    note("connection " + std::to_string(number_));
  }
  connecting_ = false;
  changed_->notify_all();
}

void SimulatedClient::reap() {
  const bool useless =
      mux_.state() == State::breaking || (mux_.state() == State::open && mux_.outbox().peer_gone());
  if (!useless || !leadership_.claim()) return;
  mark_broken(Errc::unavailable, "closed");
  Completions completions;
  give_up_lead(completions);
}

void SimulatedClient::mark_broken(Errc code, std::string_view why) {
  mux_.mark_broken(code, why);
  if (mux_.state() == State::breaking && link_) link_->shut();
}

void SimulatedClient::close_if_unused() {
  const bool in_use = leadership_.taken() || mux_.outbox().state() == net::Outbox::State::writing;
  if (mux_.state() != State::breaking || in_use || busy()) return;
  mux_.close();
  link_.reset();
  note("closed");
  changed_->notify_all();
}

bool SimulatedClient::enqueue(net::Waiter& waiter, Call& call) {
  if (!mux_.accepting()) return false;
  if (!busy() && !leadership_.leading() && link_->readable()) {
    mark_broken(Errc::unavailable, "idle, and broken");
    close_if_unused();
    return false;
  }
  must(mux_.enqueue(waiter) == net::Multiplexer::Entry::queued, "there is room");
  must(!call.handed_in, "it is handed in once");
  call.handed_in = true;
  note("enqueue " + call.name.text());
  return true;
}

// With `delivering_` held, or none sent.
void SimulatedClient::withdraw(net::Waiter& waiter, Errc code) {
  mux_.withdraw(waiter, code, "given up", code == Errc::timeout ? now() : Time{});
  if (mux_.state() == State::breaking && link_) link_->shut();
}

void SimulatedClient::conclude(AsyncCall& call) {
  note("completed " + call.call().name.text());
  call.call().conclude(call.outcome());
  WaiterAccess::finish(call, lot_);
  changed_->notify_all();
}

void SimulatedClient::settle(net::Waiter& waiter) {
  if (auto* const blocking = dynamic_cast<BlockingCall*>(&waiter)) {
    note("settled " + blocking->call().name.text());
    blocking->call().take_back();
  } else if (auto* const async = dynamic_cast<AsyncCall*>(&waiter)) {
    note("settled " + async->call().name.text());
    async->call().take_back();
    if (async->unwanted || !async->call().allows_resend(*async)) return conclude(*async);
    backlog_.add(*async);
    return changed_->notify_all();
  }
  net::wake(waiter, lot_);
}

void SimulatedClient::settle(Completions& completions) {
  while (!completions.others.empty()) settle(completions.others.take_front());
}

void SimulatedClient::run(Call& call) {
  while (true) {
    if (now() >= call.deadline.at()) {
      return call.conclude(fail(Errc::timeout, "no connection in time"));
    }
    BlockingCall blocking(call, *changed_);
    if (!run_once(blocking)) {
      connect(call.deadline.at());
    } else if (!call.allows_resend(blocking)) {
      note("completed " + call.name.text());
      return call.conclude(blocking.outcome());
    }
  }
}

bool SimulatedClient::run_once(BlockingCall& blocking) {
  const auto count = [&](int by) { leadership_.callers().fetch_add(by); };
  count(1);
  const bool queued = enqueue(blocking, blocking.call());
  if (queued) {
    const bool claimed = leadership_.claim_unless_leaderless();
    WaiterAccess::let_lead(blocking, !claimed);
    claimed ? lead(blocking) : follow(blocking);
    must(blocking.settled(), blocking.call().name.text() + " goes on before it is settled");
  }
  count(-1);
  return queued;
}

// Gives the processor away a few times; true when it leads.
bool SimulatedClient::yield_for_lead(BlockingCall& blocking) {
  leadership_.begin_yielding();
  bool leads = false;
  for (auto left = runtime_.below(4); left > 0 && !leads; --left) {
    runtime_.yield();
    if (WaiterAccess::signal(blocking) != WaiterAccess::Signal::none) break;
    leads = leadership_.take(blocking);
  }
  if (leadership_.end_yielding() && leadership_.claim()) {
    Completions completions;
    give_up_lead(completions);
  }
  return leads;
}

void SimulatedClient::follow(BlockingCall& blocking) {
  if (yield_for_lead(blocking)) return lead(blocking);
  if (runtime_.below(2) == 0) static_cast<void>(flush());
  while (true) {
    const auto signal = WaiterAccess::consume(blocking);
    if (signal == WaiterAccess::Signal::settled) return;
    if (signal == WaiterAccess::Signal::lead) return lead(blocking);
    if (now() < blocking.deadline().at()) {
      sleep(blocking.deadline().at());
    } else if (give_up(blocking)) {
      return;
    } else {
      sleep(now() + net::until_settled);
    }
  }
}

bool SimulatedClient::give_up(BlockingCall& blocking) {
  if (WaiterAccess::nowhere(blocking)) return false;
  if (leadership_.claim()) {
    WaiterAccess::let_lead(blocking, false);
    lead(blocking);
    return true;
  }
  {
    const Delivery delivery(*this);
    if (WaiterAccess::nowhere(blocking) ||
        WaiterAccess::signal(blocking) == WaiterAccess::Signal::lead) {
      return false;
    }
    withdraw(blocking, Errc::timeout);
  }
  settle(blocking);
  return true;
}

void SimulatedClient::lead(BlockingCall& blocking) {
  note("leads " + blocking.call().name.text());
  Completions completions{.own = &blocking};
  int late = 0;
  while (!completions.own_settled && !blocking.settled()) {
    const bool stopped = flush();
    pause();
    const Result result = read_once(blocking.deadline().at(), stopped, completions);
    const bool over = now() >= blocking.deadline().at();
    if (!completions.own_settled && over && (result == Result::nothing || ++late > 3)) {
      const Delivery delivery(*this);
      if (WaiterAccess::nowhere(blocking)) continue;
      withdraw(blocking, Errc::timeout);
      completions.own_settled = true;
    }
    settle(completions);
    pause();
  }
  settle(completions);
  if (busy() && link_) static_cast<void>(flush());
  if (completions.own_settled) settle(blocking);
  completions.own = nullptr;
  give_up_lead(completions);
}

void SimulatedClient::give_up_lead(Completions& completions) {
  while (true) {
    if (mux_.state() == State::breaking) fail_all(completions);
    settle(completions);
    pause();
    if (mux_.state() == State::breaking && busy()) continue;
    if (mux_.accepting() && leadership_.leave_open()) break;
    net::Wakeups wakeups(lot_);
    if (!leadership_.hand_on(mux_, wakeups)) close_if_unused();
    break;
  }
  changed_->notify_all();
}

void SimulatedClient::run_until(Time until) {
  if (mux_.state() == State::closed || !leadership_.claim_unless_leaderless()) return;
  note("I/O thread leads");
  Completions completions;
  while (busy() && now() < until) {
    const bool stopped = flush();
    pause();
    const Result result = read_once(until, stopped, completions);
    settle(completions);
    if (result == Result::lost) break;
  }
  give_up_lead(completions);
}

bool SimulatedClient::flush() {
  const bool goes_on = mux_.outbox().stopped();
  if (!mux_.begin_write(now())) return false;
  const auto link = link_;
  if (!goes_on) link->plan(mux_.prepare_write());
  while (true) {
    const WriteEnd end = send_pending();
    if (mux_.end_write(end)) mux_.silence().note_word(now());
    note("write ended: " + std::to_string(static_cast<int>(end)));
    if (end == WriteEnd::failed) mark_broken(Errc::unavailable, "cannot be written to");
    close_if_unused();
    if (mux_.outbox().stopped()) return true;
    if (!mux_.goes_on()) return false;
    static_cast<void>(mux_.begin_write(now()));
    link->plan(mux_.prepare_write());
  }
}

WriteEnd SimulatedClient::send_pending() {
  const auto link = link_;
  while (!mux_.prepare_write().empty()) {
    pause();
    std::size_t taken = 0;
    const auto status = link->write(mux_.prepare_write(), taken);
    pause();
    if (status == ScriptedLink::Status::closed) {
      return runtime_.below(2) == 0 ? WriteEnd::closed : WriteEnd::failed;
    }
    if (status == ScriptedLink::Status::nothing) return WriteEnd::refused;
    note("write " + std::to_string(taken));
    mux_.commit_write(taken);
    if (!mux_.prepare_write().empty() && runtime_.below(8) == 0) return WriteEnd::late;
  }
  return WriteEnd::all;
}

SimulatedClient::Result SimulatedClient::read_once(Time until, bool stopped,
                                                   Completions& completions) {
  const auto link = link_;
  std::string bytes;
  bool unasked = false;
  const Time enough = std::min(until, now() + (stopped ? 1ms : 100ms));
  const bool writing = mux_.outbox().state() != net::Outbox::State::idle;
  const auto status = link->read(enough, writing, bytes, unasked);
  if (status == ScriptedLink::Status::done) return deliver(bytes, unasked, completions);
  if (status == ScriptedLink::Status::closed) mark_broken(Errc::unavailable, "closed");
  if (mux_.state() == State::open) return Result::nothing;
  fail_all(completions);
  return Result::lost;
}

SimulatedClient::Result SimulatedClient::deliver(std::string_view bytes, bool unasked,
                                                 Completions& completions) {
  note("read " + std::string(bytes));
  bool parsed = false;
  {
    const Delivery delivery(*this);
    auto step = mux_.begin_delivery(now());
    pause();
    parsed = mux_.parse(step, bytes).has_value();
    must(parsed != unasked, "what nobody asked for breaks a connection, and nothing else");
    pause();
    if (parsed) mux_.end_delivery(step, completions);
  }
  if (parsed) return Result::something;
  mark_broken(Errc::protocol, "nonsense");
  fail_all(completions);
  return Result::lost;
}

void SimulatedClient::fail_all(Completions& completions) {
  const Delivery delivery(*this);
  if (mux_.state() == State::breaking) mux_.fail_all(completions);
}

}  // namespace cachekit::test
