#include "multiplexer_world.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::test {

using net::Completions;
using net::WriteEnd;

SteppedRequest::SteppedRequest(std::string name, Kind kind, Deadline deadline)
    : Waiter(line_, deadline), name_(std::move(name)), line_(name_, kind == Kind::read) {
  be_background();
}

MultiplexerWorld::MultiplexerWorld()
    : mux_("peer", {bounds_, order_, net::Lane::shared}, longest_silence) {
  mux_.open(std::make_unique<LineSession>(), now_);
}

void MultiplexerWorld::end() {
  if (delivering_) end_delivery();
  if (writing()) end_write(WriteEnd::failed);
  if (open()) break_connection();
  for (const auto& request : requests_) must(request->settled() == 1, "all are settled");
  must(mux_.load().count() == 0 && mux_.load().bytes == 0, "nothing counts any more");
  mux_.close();
  must(to_write() == 0 && mux_.outbox().queued_bytes() == 0, "no byte is left");
}

SteppedRequest& MultiplexerWorld::enqueue(std::string name, Kind kind) {
  note("enqueue " + name);
  requests_.push_back(
      std::make_unique<SteppedRequest>(std::move(name), kind, Deadline::after(budget, now_)));
  must(mux_.enqueue(*requests_.back()) == net::Multiplexer::Entry::queued, "it is queued");
  check();
  return *requests_.back();
}

bool MultiplexerWorld::begin_write() {
  note("begin to write");
  const bool goes_on = mux_.outbox().stopped();
  const bool begun = mux_.begin_write(now_);
  if (begun && !goes_on) batches_ += batch_ = mux_.prepare_write();
  check();
  return begun;
}

void MultiplexerWorld::commit(std::size_t bytes) {
  note("commit " + std::to_string(bytes));
  for (const char byte : mux_.prepare_write().substr(0, bytes)) {
    wire_ += byte;
    if (byte == '\n') said_ += wire_.substr(wire_.find_last_of('\n', wire_.size() - 2) + 1);
  }
  mux_.commit_write(bytes);
  check();
}

void MultiplexerWorld::end_write(WriteEnd how) {
  note("end to write: " + std::to_string(static_cast<int>(how)));
  if (mux_.end_write(how)) mux_.silence().note_word(now_);
  if (how == WriteEnd::failed && !delivering_ && open()) break_connection();
  check();
}

void MultiplexerWorld::begin_delivery(std::size_t bytes, std::string_view unasked) {
  note("read " + std::to_string(bytes) + std::string(unasked.empty() ? "" : " and more"));
  coming_ = said_.substr(read_, bytes);
  coming_ += unasked;
  read_ += bytes;
  unasked_ = !unasked.empty();
  delivering_ = true;
  delivery_ = mux_.begin_delivery(now_);
}

void MultiplexerWorld::end_delivery() {
  note("deliver");
  const auto waiting = unsettled();
  delivering_ = false;
  const Result<void> parsed = mux_.parse(delivery_, coming_);
  must(parsed.has_value() == !unasked_, "what nobody asked for breaks it, and nothing else");
  if (parsed) {
    Completions completions;
    mux_.end_delivery(delivery_, completions);
    completions.wake(lot_);
  } else {
    must(unsettled() == waiting, "nothing is handed out of what cannot be trusted");
    break_connection();
  }
  check();
}

void MultiplexerWorld::withdraw(SteppedRequest& request, Errc code) {
  note("withdraw " + request.name());
  mux_.withdraw(request, code, "withdrawn", now_);
  net::wake(request, lot_);
  check_given_up(request, code);
  check();
}

void MultiplexerWorld::expire() {
  note("expire");
  const auto late = unsettled();
  now_ += budget;
  Completions expired;
  must(mux_.expire(now_, expired.others) == TimePoint::max(), "none is left that could expire");
  expired.wake(lot_);
  for (SteppedRequest* const request : late) check_given_up(*request, Errc::timeout);
  if (!open()) break_connection();
  check();
}

void MultiplexerWorld::break_connection() {
  note("break");
  const auto lost = unsettled();
  std::vector<bool> were_sent;
  for (const SteppedRequest* const request : lost) were_sent.push_back(sent(*request));
  mux_.mark_broken(Errc::unavailable, "broken");
  Completions completions;
  mux_.fail_all(completions);
  completions.wake(lot_);
  for (std::size_t i = 0; i < lost.size(); ++i) check_lost(*lost[i], were_sent[i]);
  check();
}

void MultiplexerWorld::must(bool holds, std::string_view what) const {
  if (!holds) FAIL(what << "; after: " << steps_);
}

// What is in a batch goes out, whether somebody waits for it or not.
void MultiplexerWorld::check_given_up(SteppedRequest& request, Errc code) const {
  const bool begun = batches_.find(request.name()) != std::string::npos;
  const Errc expected = begun && request.is_write() ? Errc::outcome_unknown : code;
  must(request.settled() == 1 && !request.outcome(), request.name() + " is settled as given up");
  must(request.outcome().error().code == expected, request.name() + " says if it may be done");
}

void MultiplexerWorld::check_lost(SteppedRequest& request, bool was_sent) const {
  const bool unknown = was_sent && request.is_write();
  const Errc expected = unknown ? Errc::outcome_unknown : Errc::unavailable;
  must(request.settled() == 1 && !request.outcome(), request.name() + " is settled as lost");
  must(request.outcome().error().code == expected, request.name() + " says if it may be done");
  must(request.resendable() == !unknown, request.name() + " says if it may be sent anew");
}

std::size_t MultiplexerWorld::sent_of(const SteppedRequest& request) const {
  const auto at = wire_.find(request.name());
  return at == std::string::npos ? 0 : std::min(wire_.size() - at, request.line().size());
}

bool MultiplexerWorld::sent(const SteppedRequest& request) const {
  return sent_of(request) > 0 || (writing() && batch_.find(request.name()) != std::string::npos);
}

bool MultiplexerWorld::quiet() const {
  const auto whole = [&](const auto& request) {
    const std::size_t bytes = sent_of(*request);
    return bytes == 0 || bytes == request->line().size();
  };
  return !writing() && std::ranges::all_of(requests_, whole);
}

std::vector<SteppedRequest*> MultiplexerWorld::unsettled() const {
  std::vector<SteppedRequest*> found;
  for (const auto& request : requests_) {
    if (request->settled() == 0) found.push_back(request.get());
  }
  return found;
}

// What holds at any time: nobody is settled twice or has somebody else's answer, and the peer has
// had whole requests in their order, but for the last one.
void MultiplexerWorld::check() const {
  std::string in_order;
  for (const auto& request : requests_) {
    must(request->settled() <= 1, request->name() + " is settled once");
    const bool answered = request->settled() == 1 && request->outcome();
    must(request->answer() == request->name() || (request->answer().empty() && !answered),
         request->name() + " has its own answer, or none");
    if (sent_of(*request) > 0) in_order += request->line();
  }
  must(in_order.starts_with(wire_), "what goes out are requests in their order");
}

std::size_t AllChoices::choose(std::size_t count) {
  if (at_ == choices_.size()) choices_.push_back({.taken = 0, .count = count});
  return choices_[at_++].taken;
}

bool AllChoices::next() {
  choices_.resize(at_);
  at_ = 0;
  while (!choices_.empty() && ++choices_.back().taken == choices_.back().count) choices_.pop_back();
  return !choices_.empty();
}

}  // namespace cachekit::test
