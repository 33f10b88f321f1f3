#include "net/mux/parking_lot.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <thread>
#include <vector>

using cachekit::Deadline;
using cachekit::net::ParkingLot;
using cachekit::net::Wakeups;
using namespace std::chrono_literals;

namespace {

constexpr auto never = Deadline::clock::time_point::max();

// A thread that sleeps until it is told.
struct BlockingWaiter {
  BlockingWaiter(ParkingLot& lot, ParkingLot::Place at)
      : place(at), thread([this, &lot] {
          lot.park(place, never, [this] { return told.load(); });
          awake = true;
        }) {}

  const ParkingLot::Place place;
  std::atomic<bool> told{false};
  std::atomic<bool> awake{false};
  std::thread thread;
};

}  // namespace

TEST_CASE("places come one after the other, round after round", "[net][parking]") {
  ParkingLot lot;
  for (ParkingLot::Place round = 0; round < 2; ++round) {
    for (ParkingLot::Place place = 0; place < ParkingLot::places; ++place) {
      REQUIRE(lot.next_place() == place);
    }
  }
}

TEST_CASE("all that were told are woken, whatever their places", "[net][parking]") {
  ParkingLot lot;
  std::deque<BlockingWaiter> parked;
  for (const ParkingLot::Place place : {0U, 1U, 31U, 32U, 500U, 1023U, 1023U}) {
    parked.emplace_back(lot, place);
  }
  {
    Wakeups wakeups(lot);
    for (BlockingWaiter& one : parked) {
      one.told = true;
      wakeups.add(one.place);
    }
  }
  for (BlockingWaiter& one : parked) one.thread.join();  // Would not return.
}

TEST_CASE("who is woken for another one of its place sleeps on", "[net][parking]") {
  ParkingLot lot;
  BlockingWaiter one(lot, 7);
  BlockingWaiter other(lot, 7);
  one.told = true;
  {
    Wakeups wakeups(lot);
    wakeups.add(7);
  }
  one.thread.join();
  CHECK_FALSE(other.awake);
  other.told = true;
  Wakeups wakeups(lot);
  wakeups.add(7);
  wakeups.wake();
  other.thread.join();
}

TEST_CASE("no wake-up comes too early to be heard", "[net][parking]") {
  ParkingLot lot;
  for (int i = 0; i < 2'000; ++i) {
    BlockingWaiter one(lot, lot.next_place());
    one.told = true;
    {
      Wakeups wakeups(lot);
      wakeups.add(one.place);
    }
    one.thread.join();
  }
}

TEST_CASE("nobody sleeps beyond the time it said", "[net][parking]") {
  ParkingLot lot;
  const auto until = Deadline::clock::now() + 20ms;
  lot.park(3, until, [] { return false; });
  CHECK(Deadline::clock::now() >= until);
}

TEST_CASE("nobody sleeps who has its signal already", "[net][parking]") {
  ParkingLot lot;
  lot.park(3, never, [] { return true; });
  SUCCEED();
}
