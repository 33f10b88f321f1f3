#include "net/channel.hpp"
#include "net/routing/fan_out.hpp"

#include <utility>

namespace cachekit::net {
namespace {

bool are_neighbours(std::span<const Submission> submissions, std::size_t second) {
  return second < submissions.size() &&
         submissions[second - 1].channel == submissions[second].channel;
}

}  // namespace

std::vector<Result<void>> execute_all(std::span<const Submission> submissions, Deadline deadline) {
  std::vector<Result<void>> outcomes(submissions.size());
  if (submissions.size() == 1) {
    outcomes.front() = submissions.front().channel->execute(*submissions.front().request, deadline);
    return outcomes;
  }
  FanOut calls(submissions.size());
  const auto start = [&](std::size_t i) {
    calls.start(i, *submissions[i].channel, *submissions[i].request, deadline);
  };
  for (std::size_t i = 0; i < submissions.size(); ++i) {
    if (i == 0 || !are_neighbours(submissions, i)) start(i);
  }
  while (!calls.empty()) {
    FanOut::Settled settled = calls.wait_for_any();
    outcomes[settled.slot] = std::move(settled.outcome);
    if (are_neighbours(submissions, settled.slot + 1)) start(settled.slot + 1);
  }
  return outcomes;
}

}  // namespace cachekit::net
