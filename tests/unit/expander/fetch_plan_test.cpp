// The plan of a fetch, stepped through event by event.

#include "expander/fetch_plan.hpp"

#include "support/catch.hpp"

using namespace cachekit;
using Step = FetchPlan::Step;

namespace {

// A plan that has looked up an entry of this standing.
FetchPlan after_look_up(Standing standing, Strategy strategy = Strategy::refresh,
                        bool confirms = false) {
  FetchPlan plan(strategy, confirms);
  static_cast<void>(plan.looked_up(standing));
  return plan;
}

}  // namespace

TEST_CASE("each strategy begins where it should", "[expander][plan]") {
  CHECK(FetchPlan(Strategy::fresh, false).begin() == Step::look_up);
  CHECK(FetchPlan(Strategy::refresh, false).begin() == Step::look_up);
  CHECK(FetchPlan(Strategy::invalidate, false).begin() == Step::drop);
  CHECK(FetchPlan(Strategy::bypass, false).begin() == Step::load_alone);
  CHECK(FetchPlan(Strategy::invalidate, false).dropped() == Step::join);
}

TEST_CASE("what a look-up finds decides who goes on", "[expander][plan]") {
  struct Row {
    Strategy strategy;
    Standing standing;
    bool throttled;
    Step next;
  };
  for (const Row& row : {
           Row{Strategy::fresh, Standing::none, false, Step::answer},
           Row{Strategy::fresh, Standing::stale, false, Step::answer},
           Row{Strategy::fresh, Standing::fresh, true, Step::answer},
           Row{Strategy::refresh, Standing::fresh, false, Step::answer},
           Row{Strategy::refresh, Standing::none, false, Step::join},
           Row{Strategy::refresh, Standing::stale, false, Step::join},
           Row{Strategy::refresh, Standing::due, false, Step::join},
           Row{Strategy::refresh, Standing::none, true, Step::fail},
           Row{Strategy::refresh, Standing::stale, true, Step::answer_stale},
           Row{Strategy::refresh, Standing::due, true, Step::answer},
       }) {
    INFO(to_string(row.strategy) << ", standing " << static_cast<int>(row.standing));
    CHECK(FetchPlan(row.strategy, false).looked_up(row.standing, row.throttled) == row.next);
  }
}

TEST_CASE("who has an entry at hand waits for nobody", "[expander][plan]") {
  struct Row {
    Seat seat;
    Step with_none;
    Step with_stale;
    Step with_due;
  };
  for (const Row& row : {
           Row{Seat::owner, Step::load, Step::load, Step::load},
           Row{Seat::waiter, Step::wait, Step::answer_stale, Step::answer},
           Row{Seat::landed, Step::wait, Step::wait, Step::wait},
           Row{Seat::full, Step::fail, Step::answer_stale, Step::answer},
           Row{Seat::own_key, Step::fail, Step::fail, Step::fail},
       }) {
    INFO("seat " << static_cast<int>(row.seat));
    CHECK(after_look_up(Standing::none).joined(row.seat, false) == row.with_none);
    CHECK(after_look_up(Standing::stale).joined(row.seat, false) == row.with_stale);
    CHECK(after_look_up(Standing::due).joined(row.seat, false) == row.with_due);
  }
}

TEST_CASE("an owner looks again where somebody may have stored meanwhile", "[expander][plan]") {
  CHECK(after_look_up(Standing::none).joined(Seat::owner, true) == Step::confirm);
  CHECK(after_look_up(Standing::none, Strategy::refresh, true).joined(Seat::owner, false) ==
        Step::confirm);
  CHECK(after_look_up(Standing::none).waited(Arrival::inherited) == Step::load);

  CHECK(after_look_up(Standing::none).confirmed(Standing::fresh, FleetLease::none) == Step::answer);
  CHECK(after_look_up(Standing::none).confirmed(Standing::none, FleetLease::none) == Step::load);
  CHECK(after_look_up(Standing::none).confirmed(Standing::none, FleetLease::granted) == Step::load);
  CHECK(after_look_up(Standing::none).confirmed(Standing::none, FleetLease::taken) == Step::poll);
  CHECK(after_look_up(Standing::stale).confirmed(Standing::none, FleetLease::taken) ==
        Step::answer_stale);
  CHECK(after_look_up(Standing::none).polled(true) == Step::confirm);
  CHECK(after_look_up(Standing::none).polled(false) == Step::fail);
}

TEST_CASE("a wait ends with an answer, an error, or a load of one's own", "[expander][plan]") {
  const FetchPlan plan = after_look_up(Standing::none);
  CHECK(plan.waited(Arrival::landed) == Step::answer);
  CHECK(plan.waited(Arrival::unshared) == Step::load_alone);
  CHECK(plan.waited(Arrival::failed) == Step::fail);
  CHECK(plan.waited(Arrival::timed_out) == Step::fail);
  CHECK(plan.waited(Arrival::cancelled) == Step::fail);
  CHECK(plan.waited(Arrival::own_key) == Step::fail);
}

TEST_CASE("a load that fails or is late is answered by what is at hand", "[expander][plan]") {
  for (const LoadEnd end : {LoadEnd::failed, LoadEnd::late}) {
    CHECK(after_look_up(Standing::none).loaded(end) == Step::fail);
    CHECK(after_look_up(Standing::stale).loaded(end) == Step::answer_stale);
    CHECK(after_look_up(Standing::due).loaded(end) == Step::answer);
  }
  CHECK(after_look_up(Standing::stale).loaded(LoadEnd::answered) == Step::answer);
}
