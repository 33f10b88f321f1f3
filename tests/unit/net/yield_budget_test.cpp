#include "net/yield_budget.hpp"

#include "support/catch.hpp"

using cachekit::net::YieldBudget;
using namespace std::chrono_literals;

namespace {

// How many yields so many waits took, each of which came to this.
int yields_of(YieldBudget& budget, int waits, const YieldBudget::Outcome& outcome) {
  int yields = 0;
  for (int i = 0; i < waits; ++i) {
    const YieldBudget::Draw drawn = budget.draw();
    yields += drawn.yields;
    if (drawn.yields > 0) budget.note(drawn, outcome);
  }
  return yields;
}

constexpr YieldBudget::Outcome news{.news = true, .longest = 1us, .ran = 1us};
constexpr YieldBudget::Outcome in_vain{.news = false, .longest = 1us, .ran = 1us};
constexpr YieldBudget::Outcome own_crowd{.news = true, .longest = 3ms, .ran = 3ms};
constexpr YieldBudget::Outcome others_busy{.news = false, .longest = 3ms, .ran = 20us};

}  // namespace

TEST_CASE("who had news in time stands by longer, who had none shorter", "[net][wait]") {
  YieldBudget budget;
  yields_of(budget, 100, in_vain);
  const int few = yields_of(budget, 1, in_vain);
  CHECK(few > 0);
  yields_of(budget, 3, news);
  CHECK(yields_of(budget, 1, news) > few);
}

TEST_CASE("on a machine that is busy with others hardly anybody stands by, and later all do again",
          "[net][wait]") {
  YieldBudget budget;
  CHECK(yields_of(budget, 100'000, others_busy) < 100);
  CHECK(yields_of(budget, 10'000, news) > 50'000);
}

TEST_CASE("what was drawn before a rest neither ends it nor lengthens it", "[net][wait]") {
  YieldBudget budget;
  budget.note(budget.draw(), others_busy);  // From here on it is watched.
  const YieldBudget::Draw first = budget.draw();
  const YieldBudget::Draw second = budget.draw();
  const YieldBudget::Draw third = budget.draw();
  budget.note(first, others_busy);
  budget.note(second, others_busy);
  budget.note(third, news);
  int pause = 0;
  while (budget.draw().yields == 0) ++pause;
  CHECK(pause == 63);
}

TEST_CASE("many callers of this process stand by, however long that takes", "[net][wait]") {
  YieldBudget budget;
  CHECK(yields_of(budget, 1'000, own_crowd) == 20'000);
}
