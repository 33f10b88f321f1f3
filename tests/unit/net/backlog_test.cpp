#include "net/mux/backlog.hpp"

#include "line_protocol.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <list>
#include <random>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;

namespace {

// One that nobody settles.
class Standing final : public net::AsyncRequest {
 public:
  explicit Standing(std::size_t number)
      : AsyncRequest(line_, Deadline::after(forever)), number_(number) {}

  [[nodiscard]] std::size_t number() const noexcept { return number_; }

 private:
  void hold() noexcept override {}
  void release_self() noexcept override {}
  void conclude() noexcept override {}
  void announce() noexcept override {}

  LineRequest line_{"asked"};
  std::size_t number_;
};

// Requests that took their turns in this order.
std::list<Standing> begun(net::Backlog& backlog, std::size_t count) {
  std::list<Standing> requests;
  for (std::size_t i = 0; i < count; ++i) backlog.take_turn(requests.emplace_back(i));
  return requests;
}

std::vector<Standing*> pointers_to(std::list<Standing>& requests) {
  std::vector<Standing*> pointers;
  for (Standing& request : requests) pointers.push_back(&request);
  return pointers;
}

// What is in the line is in its order: each stands behind the one that was begun before it.
void check_order(net::Backlog& backlog, std::size_t count) {
  net::WaiterList all = backlog.take_all();
  std::size_t next = 0;
  bool sorted = true;
  while (!all.empty()) {
    sorted = sorted && static_cast<Standing&>(all.take_front()).number() == next;
    ++next;
  }
  CHECK(sorted);
  CHECK(next == count);
}

}  // namespace

// To walk the line for each of them would be five thousand million steps: no test of seconds.
TEST_CASE("100,000 requests of a broken connection return before those that came meanwhile",
          "[net]") {
  constexpr std::size_t returning = 100'000;
  constexpr std::size_t newer = 100'000;
  net::Backlog backlog(nullptr);
  std::list<Standing> requests = begun(backlog, returning + newer);
  std::vector<Standing*> all = pointers_to(requests);
  for (std::size_t i = returning; i < all.size(); ++i) backlog.add(*all[i]);
  SECTION("in their order") {
    for (std::size_t i = 0; i < returning; ++i) backlog.add(*all[i]);
  }
  SECTION("from the last to the first") {
    for (std::size_t i = returning; i-- > 0;) backlog.add(*all[i]);
  }
  SECTION("while some of the line are given up") {
    for (std::size_t i = 0; i < returning; ++i) {
      backlog.add(*all[i]);
      if (i % 2 == 1) backlog.remove(*all[i]);
    }
    for (std::size_t i = 1; i < returning; i += 2) backlog.add(*all[i]);
  }
  check_order(backlog, returning + newer);
}

TEST_CASE("requests that come back in any order stand in that in which they were begun", "[net]") {
  constexpr std::size_t count = 500;
  net::Backlog backlog(nullptr);
  std::list<Standing> requests = begun(backlog, count);
  std::vector<Standing*> all = pointers_to(requests);
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(all.begin(), all.end(), random);
    for (Standing* const request : all) backlog.add(*request);
    CHECK(backlog.load().count() == count);
    check_order(backlog, count);
    CHECK(backlog.load().count() == 0);
    CHECK_FALSE(backlog.in_use());
  }
}
