#include "net/mux/spin_choice.hpp"

#include <algorithm>

namespace cachekit::net {
namespace {

// A thread that is kept from running for long says no more than that.
constexpr double longest_counted = 1e6;
constexpr double weight = 1.0 / 8;
// Who looks keeps a processor busy that who sleeps leaves to others: that is worth it where it
// makes a wait take about half as long, and no longer where it does not.
constexpr double worth_it = 0.55;
constexpr double still_worth_it = 0.7;
// Of a server that answers near the bound, with the waking; later ones are not looked for.
constexpr double distant = 3.0 * static_cast<double>(SpinChoice::longest_spin.count());

}  // namespace

SpinChoice::Way SpinChoice::next() noexcept {
  if (trial_left_ == 0 && worth_a_trial()) begin_trial();
  taken_ = trial_left_ > 0 ? other() : preferred_;
  return taken_;
}

bool SpinChoice::worth_a_trial() noexcept {
  const bool turned =
      preferred_ == Way::spin && mean(Way::spin) > still_worth_it * mean(Way::block);
  if (++waits_ < (turned ? least_interval / 8 : interval_)) return false;
  const bool too_far = preferred_ == Way::block && mean(Way::block) > distant;
  if (too_far) waits_ = 0;
  return !too_far;
}

void SpinChoice::begin_trial() noexcept {
  trial_left_ = trial_length;
  waits_ = 0;
  mean(other()) = 0;
}

void SpinChoice::note(Duration took) noexcept {
  const double time = std::min(static_cast<double>(took.count()), longest_counted);
  double& mean_of_way = mean(taken_);
  mean_of_way = mean_of_way == 0 ? time : mean_of_way + (time - mean_of_way) * weight;
  if (trial_left_ == 0) return;
  --trial_left_;
  const bool hopeless =
      mean_of_way > 2 * mean(preferred_) + static_cast<double>(longest_spin.count());
  if (hopeless) trial_left_ = 0;
  if (trial_left_ == 0) end_trial();
}

void SpinChoice::end_trial() noexcept {
  const double most = preferred_ == Way::spin ? still_worth_it : worth_it;
  const Way better = mean(Way::spin) < most * mean(Way::block) ? Way::spin : Way::block;
  interval_ = better == preferred_ ? std::min(2 * interval_, most_interval) : least_interval;
  preferred_ = better;
}

}  // namespace cachekit::net
