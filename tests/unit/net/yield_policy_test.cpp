#include "net/mux/yield_policy.hpp"

#include "support/catch.hpp"

using cachekit::net::YieldPolicy;
using namespace std::chrono_literals;

namespace {

// How many yields so many waits took, each of which came to this.
int yields_of(YieldPolicy& budget, int waits, const YieldPolicy::Outcome& outcome) {
  int yields = 0;
  for (int i = 0; i < waits; ++i) {
    const YieldPolicy::Draw drawn = budget.draw();
    yields += drawn.yields;
    if (drawn.yields > 0) budget.note(drawn, outcome);
  }
  return yields;
}

constexpr YieldPolicy::Outcome signal{.signal = true, .longest = 1us, .ran = 1us};
constexpr YieldPolicy::Outcome in_vain{.signal = false, .longest = 1us, .ran = 1us};
constexpr YieldPolicy::Outcome own_crowd{.signal = true, .longest = 3ms, .ran = 3ms};
constexpr YieldPolicy::Outcome others_busy{.signal = false, .longest = 3ms, .ran = 20us};

}  // namespace

TEST_CASE("a waiter that was signalled in time yields longer, one that was not shorter",
          "[net][wait]") {
  YieldPolicy budget;
  yields_of(budget, 100, in_vain);
  const int few = yields_of(budget, 1, in_vain);
  CHECK(few > 0);
  yields_of(budget, 3, signal);
  CHECK(yields_of(budget, 1, signal) > few);
}

TEST_CASE("on a machine that is busy with others hardly anybody yields, and later all do again",
          "[net][wait]") {
  YieldPolicy budget;
  CHECK(yields_of(budget, 100'000, others_busy) < 100);
  CHECK(yields_of(budget, 10'000, signal) > 50'000);
}

TEST_CASE("what was drawn before a rest neither ends it nor lengthens it", "[net][wait]") {
  YieldPolicy budget;
  budget.note(budget.draw(), others_busy);  // From here on it is watched.
  const YieldPolicy::Draw first = budget.draw();
  const YieldPolicy::Draw second = budget.draw();
  const YieldPolicy::Draw third = budget.draw();
  budget.note(first, others_busy);
  budget.note(second, others_busy);
  budget.note(third, signal);
  int pause = 0;
  while (budget.draw().yields == 0) ++pause;
  CHECK(pause == 63);
}

TEST_CASE("many callers of this process yield, however long that takes", "[net][wait]") {
  YieldPolicy budget;
  CHECK(yields_of(budget, 1'000, own_crowd) == 20'000);
}
