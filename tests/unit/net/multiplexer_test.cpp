// Every order of a small number of events, at every split of the bytes.

#include "multiplexer_world.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;
using net::WriteEnd;
using Kind = SteppedRequest::Kind;

namespace {

// How often each event may happen in one run, besides what ends it.
struct Events {
  std::string requests;  // One each; capital letters write.
  int writes = 1;        // That somebody begins.
  int deliveries = 1;
  int withdrawals = 0;
  bool expires = false;
  bool unasked = false;
  // How a write may end before all is out.
  std::vector<WriteEnd> ends{WriteEnd::refused};
};

// One run: the events that can happen are tried in each order, with each of their possible sizes.
class Run {
 public:
  Run(Events events, AllChoices& choices) : left_(std::move(events)), choices_(choices) {}

  void step_until_end() {
    while (world_.open()) {
      steps_.clear();
      steps_.emplace_back([this] { over_ = true; });  // From here on the connection breaks.
      offer_requests();
      offer_writes();
      offer_reads();
      offer_abandonment();
      steps_[choices_.choose(steps_.size())]();
      if (over_) break;
    }
    world_.end();
  }

 private:
  using Step = std::function<void()>;

  void offer_requests() {
    if (next_ == left_.requests.size()) return;
    steps_.emplace_back([this] {
      const char name = left_.requests[next_++];
      const bool writes = name >= 'A' && name <= 'Z';
      world_.enqueue(std::string(1, name), writes ? Kind::write : Kind::read);
    });
  }

  void offer_writes() {
    if (!world_.writing()) {
      const bool can = world_.mux().may_begin_batch() || world_.mux().outbox().stopped();
      if (can && left_.writes > 0) {
        steps_.emplace_back([this] { --left_.writes, static_cast<void>(world_.begin_write()); });
      }
      return;
    }
    for (std::size_t bytes = 1; bytes <= world_.to_write(); ++bytes) {
      steps_.emplace_back([this, bytes] { world_.commit(bytes); });
    }
    const auto ends = world_.to_write() == 0 ? std::vector{WriteEnd::all} : left_.ends;
    for (const WriteEnd how : ends) {
      steps_.emplace_back([this, how] { world_.end_write(how); });
    }
  }

  void offer_reads() {
    if (world_.delivering()) {
      steps_.emplace_back([this] { world_.end_delivery(); });
      return;
    }
    if (left_.deliveries == 0) return;
    for (std::size_t bytes = 1; bytes <= world_.to_read(); ++bytes) {
      steps_.emplace_back([this, bytes] { --left_.deliveries, world_.begin_delivery(bytes); });
    }
    if (left_.unasked && world_.quiet()) {
      for (const char* const more : {"z", "z\n"}) {
        steps_.emplace_back([this, more] {
          --left_.deliveries;
          world_.begin_delivery(world_.to_read(), more);
        });
      }
    }
  }

  void offer_abandonment() {
    if (world_.delivering()) return;
    if (left_.withdrawals > 0) {
      for (SteppedRequest* const request : world_.unsettled()) {
        steps_.emplace_back([this, request] {
          --left_.withdrawals;
          world_.withdraw(*request, Errc::cancelled);
        });
      }
    }
    if (left_.expires) {
      steps_.emplace_back([this] { left_.expires = false, world_.expire(); });
    }
  }

  Events left_;
  AllChoices& choices_;
  MultiplexerWorld world_;
  std::size_t next_ = 0;
  bool over_ = false;
  std::vector<Step> steps_;
};

// How many runs there are.
std::size_t run_all(const Events& events) {
  AllChoices choices;
  std::size_t runs = 0;
  do {
    Run(events, choices).step_until_end();
    ++runs;
  } while (choices.next());
  return runs;
}

}  // namespace

TEST_CASE("no order of requests, writes and replies settles one twice, wrongly or not at all",
          "[net][mux]") {
  CHECK(run_all({.requests = "aB", .deliveries = 2}) > 1'000);
  CHECK(run_all({.requests = "Ab", .writes = 2}) > 1'000);
  CHECK(run_all({.requests = "aBc"}) > 1'000);
}

TEST_CASE("however a write ends, what the kernel was given is sent and nothing else is",
          "[net][mux]") {
  CHECK(run_all({.requests = "aB", .ends = {WriteEnd::late, WriteEnd::closed}}) > 500);
  CHECK(run_all({.requests = "AB", .writes = 2, .ends = {WriteEnd::failed}}) > 1'000);
}

TEST_CASE("whoever gives up, and whenever, the replies of the others stay in step", "[net][mux]") {
  CHECK(run_all({.requests = "AB", .withdrawals = 1}) > 1'000);
  CHECK(run_all({.requests = "aB", .withdrawals = 2}) > 1'000);
  CHECK(run_all({.requests = "aB", .expires = true}) > 1'000);
}

TEST_CASE("nothing is handed out of what was read with bytes that nobody asked for", "[net][mux]") {
  CHECK(run_all({.requests = "aB", .unasked = true}) > 1'000);
  CHECK(run_all({.requests = "AB", .withdrawals = 1, .unasked = true}) > 1'000);
}

TEST_CASE("a deadline that passes in silence breaks the connection; a word keeps it",
          "[net][mux]") {
  const bool speaks = GENERATE(false, true);
  MultiplexerWorld world;
  world.enqueue("a", Kind::read);
  REQUIRE(world.begin_write());
  world.commit(2);
  world.end_write(WriteEnd::all);
  world.enqueue("b", Kind::read);
  if (speaks) {
    world.begin_delivery(1);
    world.end_delivery();
  }
  world.expire();
  CHECK(world.open() == speaks);
  world.end();
}

TEST_CASE("a kernel that takes more of a batch that it had refused shows that the peer is alive",
          "[net][mux]") {
  const WriteEnd stopped = GENERATE(WriteEnd::refused, WriteEnd::late);
  MultiplexerWorld world;
  world.enqueue("a", Kind::read);
  world.enqueue("b", Kind::read);
  REQUIRE(world.begin_write());
  world.commit(1);
  world.end_write(stopped);
  REQUIRE(world.begin_write());
  world.commit(1);
  world.end_write(WriteEnd::refused);
  world.expire();
  CHECK(world.open() == (stopped == WriteEnd::refused));
  world.end();
}

TEST_CASE("what is queued while somebody writes is left to it, which is told once", "[net][mux]") {
  MultiplexerWorld world;
  world.enqueue("a", Kind::read);
  REQUIRE(world.begin_write());
  world.enqueue("b", Kind::read);
  CHECK_FALSE(world.begin_write());
  world.commit(2);
  world.end_write(WriteEnd::all);
  CHECK(world.mux().goes_on());
  CHECK_FALSE(world.mux().goes_on());
  world.end();
}

TEST_CASE("a reply that makes no sense is told to its own request; for others the line is broken",
          "[net][mux]") {
  net::InFlightBounds bounds{100, 1'000};
  net::ProgramOrder order;
  net::ParkingLot lot;
  net::Multiplexer mux("peer", {bounds, order, net::Lane::shared}, 100ms);
  const net::Multiplexer::TimePoint now{1h};
  mux.open(std::make_unique<LineSession>(), now);
  SteppedRequest first("a", Kind::read, Deadline::after(1s, now));
  SteppedRequest second("b", Kind::read, Deadline::after(1s, now));
  for (SteppedRequest* const request : {&first, &second}) {
    REQUIRE(mux.enqueue(*request) == net::Multiplexer::Entry::queued);
  }
  REQUIRE(mux.begin_write(now));
  mux.commit_write(4);
  CHECK_FALSE(mux.end_write(WriteEnd::all));
  auto delivery = mux.begin_delivery(now);
  const auto parsed = mux.parse(delivery, "?\n");
  REQUIRE(code_of(parsed) == "protocol");
  mux.mark_broken(parsed.error().code, parsed.error().message);
  net::Completions lost;
  mux.fail_all(lost);
  lost.wake(lot);
  CHECK(code_of(first.outcome()) == "protocol");
  CHECK_FALSE(first.resendable());
  CHECK(code_of(second.outcome()) == "unavailable");
  CHECK(second.resendable());
  mux.close();
}
