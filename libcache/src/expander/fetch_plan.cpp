#include "expander/fetch_plan.hpp"

namespace cachekit {

FetchPlan::Step FetchPlan::begin() const noexcept {
  switch (strategy_) {
    case Strategy::fresh:
    case Strategy::refresh:
      return Step::look_up;
    case Strategy::invalidate:
      return Step::drop;
    case Strategy::bypass:
      return Step::load_alone;
  }
  return Step::fail;
}

FetchPlan::Step FetchPlan::looked_up(Standing standing, bool throttled) noexcept {
  standing_ = standing;
  if (strategy_ == Strategy::fresh || standing == Standing::fresh) return Step::answer;
  return throttled ? fallback_or(Step::fail) : Step::join;
}

FetchPlan::Step FetchPlan::joined(Seat seat, bool raced) const noexcept {
  switch (seat) {
    case Seat::owner:
      return confirms_ || raced ? Step::confirm : Step::load;
    case Seat::waiter:
      return fallback_or(Step::wait);
    case Seat::landed:
      return Step::wait;  // Which ends at once.
    case Seat::full:
      return fallback_or(Step::fail);
    case Seat::own_key:
      return Step::fail;
  }
  return Step::fail;
}

FetchPlan::Step FetchPlan::waited(Arrival arrival) const noexcept {
  switch (arrival) {
    case Arrival::landed:
      return Step::answer;
    case Arrival::unshared:
      return Step::load_alone;
    case Arrival::inherited:
      return confirms_ ? Step::confirm : Step::load;
    case Arrival::failed:
      return fallback_or(Step::fail);
    case Arrival::timed_out:
    case Arrival::cancelled:
    case Arrival::own_key:
      return Step::fail;
  }
  return Step::fail;
}

FetchPlan::Step FetchPlan::confirmed(Standing standing, FleetLease lease) noexcept {
  if (standing != Standing::none) standing_ = standing;
  if (standing == Standing::fresh) return Step::answer;
  if (lease == FleetLease::taken) return fallback_or(Step::poll);
  return Step::load;
}

FetchPlan::Step FetchPlan::polled(bool time_left) const noexcept {
  return time_left ? Step::confirm : fallback_or(Step::fail);
}

FetchPlan::Step FetchPlan::loaded(LoadEnd end) const noexcept {
  return end == LoadEnd::answered ? Step::answer : fallback_or(Step::fail);
}

FetchPlan::Step FetchPlan::fallback_or(Step otherwise) const noexcept {
  switch (standing_) {
    case Standing::none:
      return otherwise;
    case Standing::stale:
      return Step::answer_stale;
    case Standing::due:
    case Standing::fresh:
      return Step::answer;
  }
  return otherwise;
}

}  // namespace cachekit
