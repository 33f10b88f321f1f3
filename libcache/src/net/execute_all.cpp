// Requests on several channels side by side. Those that share connections are handed in and sent
// first, all of them; then the heavy ones run together; then the replies of the first are awaited
// one by one, while they come in on their own.

#include "net/channel.hpp"
#include "net/pool.hpp"

#include <algorithm>
#include <cerrno>
#include <future>
#include <iterator>
#include <list>
#include <optional>
#include <utility>

#include <poll.h>

namespace cachekit::net {
namespace {

using Outcomes = std::vector<std::optional<Result<void>>>;

struct Apart {
  std::size_t index;  // Of the submission.
  Lease lease;
};

// Pumps every request once; drops those that are over and tells their outcome.
void pump_all(std::vector<Apart>& running, std::span<const Submission> submissions,
              Outcomes& outcomes, std::vector<std::size_t>& again) {
  for (std::size_t i = running.size(); i-- > 0;) {
    Apart& one = running[i];
    Result<bool> complete = one.lease->pump();
    if (complete && !*complete) continue;
    if (complete) {
      outcomes[one.index] = Result<void>();
    } else if (worth_another_try(one.lease, *submissions[one.index].request, complete.error())) {
      again.push_back(one.index);
    } else {
      outcomes[one.index] = fail(std::move(complete).error());
    }
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// Waits until one of them can go on, or the deadline passes.
void wait_any(const std::vector<Apart>& running, Deadline deadline) {
  std::vector<pollfd> entries;
  entries.reserve(running.size());
  for (const Apart& one : running) {
    const auto events = static_cast<short>(one.lease->wants_write() ? POLLIN | POLLOUT : POLLIN);
    entries.push_back({one.lease->descriptor(), events, 0});
  }
  while (true) {
    const auto left = std::min(deadline.remaining(), std::chrono::milliseconds(1'000'000));
    const int ready = poll(entries.data(), entries.size(), static_cast<int>(left.count()));
    if (ready > 0 || (ready < 0 && errno != EINTR)) return;
    if (ready == 0 && deadline.expired()) return;
  }
}

void finish_apart(std::vector<Apart>& running, std::span<const Submission> submissions,
                  Deadline deadline, Outcomes& outcomes, std::vector<std::size_t>& again) {
  while (!running.empty()) {
    // What has arrived by the deadline counts, even when waiting for another node used it up.
    wait_any(running, deadline);
    const bool in_time = !deadline.expired();
    pump_all(running, submissions, outcomes, again);
    if (in_time) continue;
    for (Apart& late : running) {
      outcomes[late.index] = fail(late.lease->give_up("no complete reply in time"));
    }
    running.clear();
  }
}

// One after the other would let a node that does not connect use up the time of the next one.
void execute_side_by_side(const std::vector<std::size_t>& indices,
                          std::span<const Submission> submissions, Deadline deadline,
                          Outcomes& outcomes) {
  const auto execute = [&](std::size_t index) {
    const auto& [channel, request] = submissions[index];
    return channel->execute(*request, deadline);
  };
  if (indices.size() == 1) {
    outcomes[indices.front()] = execute(indices.front());
    return;
  }
  std::vector<std::pair<std::size_t, std::future<Result<void>>>> running;
  running.reserve(indices.size());
  for (const std::size_t index : indices) {
    running.emplace_back(index, std::async(std::launch::async, execute, index));
  }
  for (auto& [index, outcome] : running) outcomes[index] = outcome.get();
}

// A request that shares a connection.
struct Shared {
  Shared(std::size_t position, Combiner& way, Request& request, Deadline deadline)
      : index(position), combiner(way), sleeper(request, deadline) {}

  std::size_t index;
  Combiner& combiner;
  Sleeper sleeper;
};

}  // namespace

std::vector<Result<void>> execute_all(std::span<const Submission> submissions, Deadline deadline) {
  Outcomes outcomes(submissions.size());
  std::list<Shared> shared;  // A sleeper stays where it is.
  std::vector<Apart> apart;
  std::vector<std::size_t> again;  // No connection, or one that broke: executed anew.
  apart.reserve(submissions.size());
  again.reserve(submissions.size());

  for (std::size_t i = 0; i < submissions.size(); ++i) {
    const auto& [channel, request] = submissions[i];
    if (channel->wants_own_connection(*request)) continue;
    shared.emplace_back(i, channel->core().combiner, *request, deadline);
  }
  for (auto one = shared.begin(); one != shared.end();) {
    const bool submitted = one->combiner.submit(one->sleeper);
    if (!submitted) again.push_back(one->index);
    one = submitted ? std::next(one) : shared.erase(one);
  }
  for (std::size_t i = 0; i < submissions.size(); ++i) {
    const auto& [channel, request] = submissions[i];
    if (!channel->wants_own_connection(*request)) continue;
    Result<Lease> lease = Lease::take(*channel->core().pool, deadline);
    if (!lease) {
      outcomes[i] = fail(std::move(lease).error());
    } else if (Result<void> begun = (*lease)->begin(*request); !begun) {
      outcomes[i] = std::move(begun);
    } else {
      apart.push_back({i, *std::move(lease)});
      pump_all(apart, submissions, outcomes, again);  // Sends, before the next one may connect.
    }
  }

  finish_apart(apart, submissions, deadline, outcomes, again);
  for (Shared& one : shared) {
    one.combiner.wait(one.sleeper);
    Result<void>& outcome = one.sleeper.outcome();
    if (!outcome && one.sleeper.resendable()) {
      again.push_back(one.index);
    } else {
      outcomes[one.index] = std::move(outcome);
    }
  }
  if (!again.empty()) execute_side_by_side(again, submissions, deadline, outcomes);

  std::vector<Result<void>> results;
  results.reserve(outcomes.size());
  for (auto& outcome : outcomes) results.push_back(*std::move(outcome));
  return results;
}

}  // namespace cachekit::net
