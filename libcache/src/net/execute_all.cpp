// Requests on several channels side by side. All are on their way before any reply is awaited, and
// each takes the way of an asynchronous request: connecting and sending anew is done for it by its
// own node's thread, so that no node waits for another one.

#include "net/caller_request.hpp"
#include "net/channel.hpp"
#include "net/fan_out.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

namespace cachekit::net {
namespace {

// How long the caller reads for one node after the other. Mostly all have answered by then.
constexpr auto first_round = std::chrono::milliseconds(2);

// A node that takes longer must not keep the caller from what others need: from then on they are
// looked after by their own threads.
void wait_for_all(std::deque<CallerRequest>& calls) noexcept {
  const Deadline soon = Deadline::after(first_round);
  std::size_t late = 0;
  for (CallerRequest& call : calls) {
    if (!call.wait(soon)) ++late;
  }
  for (CallerRequest& call : calls) {
    call.read_elsewhere = late > 1 && !call.settled();
    if (call.read_elsewhere) call.read_on_its_own(true);
  }
  for (CallerRequest& call : calls) call.wait();
  for (CallerRequest& call : calls) {
    if (call.read_elsewhere) call.read_on_its_own(false);
  }
}

bool are_neighbours(std::span<const Submission> submissions, std::size_t second) {
  return second < submissions.size() &&
         submissions[second - 1].channel == submissions[second].channel;
}

// Where a channel has several, each begins once the one before it is settled.
std::vector<Result<void>> execute_in_pieces(std::span<const Submission> submissions,
                                            Deadline deadline) {
  std::vector<Result<void>> outcomes(submissions.size());
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

}  // namespace

std::vector<Result<void>> execute_all(std::span<const Submission> submissions, Deadline deadline) {
  std::vector<Result<void>> outcomes(submissions.size());
  if (submissions.size() == 1) {
    outcomes.front() = submissions.front().channel->execute(*submissions.front().request, deadline);
    return outcomes;
  }
  for (std::size_t i = 1; i < submissions.size(); ++i) {
    if (are_neighbours(submissions, i)) return execute_in_pieces(submissions, deadline);
  }
  std::deque<CallerRequest> calls;  // They stay where they are.
  for (const Submission& one : submissions) calls.emplace_back(*one.request, deadline);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    submissions[i].channel->start(calls[i], IoThread::Caller::waits);
  }
  wait_for_all(calls);
  for (std::size_t i = 0; i < calls.size(); ++i) outcomes[i] = std::move(calls[i].outcome());
  return outcomes;
}

}  // namespace cachekit::net
