// Flights stepped through without threads: what each event does to those who take part.

#include "expander/flight_table.hpp"

#include "expander/load_frame.hpp"
#include "support/catch.hpp"

#include <cachekit/virtual_runtime.hpp>

#include <memory>
#include <stop_token>

using namespace cachekit;
using namespace std::chrono_literals;
using Landed = FlightTable::Landed;

namespace {

struct Flights {
  VirtualRuntime runtime{};
  FlightTable table{runtime};

  FlightTable::Place join(std::string_view key = "k", const EntityKind& kind = {}) {
    return table.join(key, kind, {.lease = 10s, .max_waiters = 2});
  }
  // Of one whose wait is over at once.
  Arrival wait(FlightTable::Place& place, const std::stop_token& stop = {}) {
    return table.wait(place, runtime.now(), stop, 10s);
  }
};

Landing value(const char* bytes) {
  return {.envelope = std::make_shared<const std::string>(bytes), .origin = Origin::source};
}

}  // namespace

TEST_CASE("the first to join owns a flight, the next ones wait, and not more than may",
          "[expander][flight]") {
  Flights t;
  auto owner = t.join(), one = t.join(), two = t.join();
  CHECK(owner.seat() == Seat::owner);
  CHECK(one.seat() == Seat::waiter);
  CHECK(two.seat() == Seat::waiter);
  CHECK(t.join().seat() == Seat::full);
  CHECK(t.join("other").seat() == Seat::owner);
  two.leave();
  CHECK(t.join().seat() == Seat::waiter);
}

TEST_CASE("those who ask for one key as different types do not wait for each other",
          "[expander][flight]") {
  Flights t;
  auto owner = t.join("k", {.schema = 1}), other = t.join("k", {.schema = 2});
  CHECK(other.seat() == Seat::owner);
  CHECK(t.join("k", {.codec = CodecId::json, .schema = 1}).seat() == Seat::owner);
  CHECK(t.join("k", {.schema = 1}).seat() == Seat::waiter);
}

TEST_CASE("an answer is all waiters', and of those who come until it is stored",
          "[expander][flight]") {
  Flights t;
  auto owner = t.join(), waiter = t.join();
  CHECK(t.wait(waiter) == Arrival::timed_out);
  const auto before = t.table.landed("k");
  CHECK(t.table.land(owner, value("v")) == Landed::store);
  CHECK(t.wait(waiter) == Arrival::landed);
  CHECK(*t.table.landing(waiter)->envelope == "v");
  auto late = t.join();
  CHECK(late.seat() == Seat::landed);
  CHECK(t.wait(late) == Arrival::landed);
  owner.leave();
  CHECK(t.table.landed("k") != before);
  CHECK(t.join().seat() == Seat::owner);
}

TEST_CASE("a failure is all waiters', and the next one begins anew", "[expander][flight]") {
  Flights t;
  auto owner = t.join(), waiter = t.join();
  t.table.fail(owner, {.code = Errc::loader_failed, .message = "down"});
  CHECK(t.wait(waiter) == Arrival::failed);
  CHECK(t.table.landing(waiter)->error->message == "down");
  CHECK(t.join().seat() == Seat::owner);
}

TEST_CASE("an owner who leaves without an answer is followed by one of those who wait",
          "[expander][flight]") {
  Flights t;
  auto owner = t.join(), one = t.join(), two = t.join();
  owner.leave();
  CHECK(t.wait(one) == Arrival::inherited);
  CHECK(one.seat() == Seat::owner);
  CHECK(t.wait(two) == Arrival::timed_out);
  CHECK(t.table.land(one, value("v")) == Landed::store);
  CHECK(t.wait(two) == Arrival::landed);
}

TEST_CASE("a flight that nobody is left in is over", "[expander][flight]") {
  Flights t;
  t.join().leave();
  CHECK(t.join().seat() == Seat::owner);
}

TEST_CASE("to own a flight ends with its lease, and the first answer is the one that counts",
          "[expander][flight]") {
  Flights t;
  auto late = t.join(), waiter = t.join();
  t.runtime.advance(9'999ms);
  CHECK(t.wait(waiter) == Arrival::timed_out);
  t.runtime.advance(1ms);
  auto next = t.join();
  CHECK(next.seat() == Seat::owner);
  CHECK(t.wait(waiter) == Arrival::timed_out);  // There is an owner again.
  SECTION("the late one's answer") {
    CHECK(t.table.land(late, value("late")) == Landed::store);
    CHECK(t.table.land(next, value("next")) == Landed::late);
    CHECK(*t.table.landing(waiter)->envelope == "late");
    next.leave();
    CHECK(t.join().seat() == Seat::landed);
    late.leave();
    CHECK(t.join().seat() == Seat::owner);
  }
  SECTION("the next one's answer") {
    CHECK(t.table.land(next, value("next")) == Landed::store);
    next.leave();
    CHECK(t.table.land(late, value("late")) == Landed::late);
    auto third = t.join();
    CHECK(third.seat() == Seat::owner);
    late.leave();
    CHECK(t.join().seat() == Seat::waiter);
  }
  SECTION("the late one's failure is nobody else's") {
    t.table.fail(late, {.code = Errc::loader_failed});
    late.leave();
    CHECK(t.wait(waiter) == Arrival::timed_out);
    CHECK(t.table.land(next, value("next")) == Landed::store);
    CHECK(t.wait(waiter) == Arrival::landed);
  }
}

TEST_CASE("an invalidation leaves a flight to those who are in it, and its answer unstored",
          "[expander][flight]") {
  Flights t;
  auto owner = t.join(), waiter = t.join();
  CHECK(t.table.may_store(owner));
  t.table.fence("k");
  auto next = t.join();
  CHECK(next.seat() == Seat::owner);
  CHECK(t.table.land(owner, value("old")) == Landed::fenced);
  CHECK(t.wait(waiter) == Arrival::landed);
  owner.leave();
  CHECK(t.join().seat() == Seat::waiter);  // For the new one.
  CHECK(t.table.land(next, value("new")) == Landed::store);
  t.table.fence("k");  // Between landing and storing.
  CHECK_FALSE(t.table.may_store(next));
}

TEST_CASE("a load is told to stop when nobody wants it any more, and not before",
          "[expander][flight]") {
  Flights t;
  auto owner = t.join(), waiter = t.join();
  t.table.withdraw(owner);
  CHECK_FALSE(owner.stop().stop_requested());
  waiter.leave();
  CHECK(owner.stop().stop_requested());
  auto late = t.join();
  CHECK(late.seat() == Seat::waiter);
  t.table.fail(owner, {.code = Errc::loader_failed});  // Because it was told to.
  owner.leave();
  CHECK(t.wait(late) == Arrival::inherited);
  CHECK_FALSE(late.stop().stop_requested());
}

TEST_CASE("a caller who is withdrawn does not wait", "[expander][flight]") {
  Flights t;
  auto owner = t.join(), waiter = t.join();
  std::stop_source stop;
  stop.request_stop();
  CHECK(t.table.wait(waiter, t.runtime.now() + 1h, stop.get_token(), 10s) == Arrival::cancelled);
}

TEST_CASE("a thread that loads a key cannot join it, nor wait for who waits for it",
          "[expander][flight]") {
  Flights t;
  auto a = t.join("a"), b = t.join("b");
  const LoadFrame loads_a(t.table, *a.flight(), t.runtime);
  CHECK(t.join("a").seat() == Seat::own_key);
  t.table.fence("a");
  CHECK(t.join("a").seat() == Seat::own_key);
  auto waits = t.join("b");
  CHECK(t.wait(waits) == Arrival::timed_out);
  b.flight()->waits_for = a.flight();  // As the thread does that loads b.
  CHECK(t.wait(waits) == Arrival::own_key);
  b.flight()->waits_for = nullptr;
}
