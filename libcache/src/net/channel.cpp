#include "net/channel.hpp"

#include "net/lease.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include <poll.h>

namespace cachekit::net {
namespace {

// A connection that had been idle may have been closed by the peer (a balancer, a restart) at the
// very moment of use. That is made up for once, where sending again can do no harm.
bool worth_another_try(const Lease& lease, const Request& request, const Error& error) {
  const bool lost = error.code == Errc::unavailable;
  return lost && lease.reused() && (request.replayable() || lease->nothing_sent());
}

struct Running {
  std::size_t index;  // Of the submission.
  Lease lease;
};

// Pumps every request once; drops those that are over and tells their outcome.
void pump_all(std::vector<Running>& running, std::span<const Submission> submissions,
              std::vector<std::optional<Result<void>>>& outcomes, std::vector<std::size_t>& again) {
  for (std::size_t i = running.size(); i-- > 0;) {
    Running& one = running[i];
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

// Waits until one of them can go on; false when the deadline passed first.
bool wait_any(const std::vector<Running>& running, Deadline deadline) {
  std::vector<pollfd> entries;
  entries.reserve(running.size());
  for (const Running& one : running) {
    const auto events = static_cast<short>(one.lease->wants_write() ? POLLIN | POLLOUT : POLLIN);
    entries.push_back({one.lease->descriptor(), events, 0});
  }
  while (true) {
    const auto left = std::min(deadline.remaining(), std::chrono::milliseconds(1'000'000));
    const int ready = poll(entries.data(), entries.size(), static_cast<int>(left.count()));
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
    if (ready == 0 && deadline.expired()) return false;
  }
}

}  // namespace

Channel::Channel(ChannelOptions options, std::shared_ptr<const Protocol> protocol)
    : options_(std::move(options)),
      protocol_(std::move(protocol)),
      endpoint_(options_.address.endpoint()) {}

Channel::~Channel() = default;

Result<void> Channel::open() {
  const Deadline deadline = Deadline::after(options_.connection_timeout);
  std::vector<Lease> leases;
  const std::size_t wanted =
      std::clamp<std::size_t>(options_.min_connections, 1, options_.max_connections);
  for (std::size_t i = 0; i < wanted; ++i) {
    Result<Lease> lease = Lease::take(*this, deadline);
    if (!lease) return fail(std::move(lease).error());
    leases.push_back(*std::move(lease));
  }
  return {};
}

Result<void> Channel::execute(Request& request, Deadline deadline) {
  for (bool fresh = false;; fresh = true) {
    Result<Lease> lease = Lease::take(*this, deadline, fresh);
    if (!lease) return fail(std::move(lease).error());
    Result<void> done = (*lease)->exchange(request, deadline);
    if (done || fresh || !worth_another_try(*lease, request, done.error())) return done;
  }
}

Result<std::unique_ptr<Connection>> Channel::dedicated(Deadline deadline) const {
  return Connection::open(options_.address, *protocol_,
                          earlier(deadline, Deadline::after(options_.connection_timeout)));
}

ChannelStats Channel::stats() const {
  const std::lock_guard lock(mutex_);
  return {.open = open_,
          .in_use = open_ - idle_.size(),
          .waiting = waiting_,
          .connects = connects_.load(std::memory_order_relaxed)};
}

std::vector<Result<void>> execute_all(std::span<const Submission> submissions, Deadline deadline) {
  std::vector<std::optional<Result<void>>> outcomes(submissions.size());
  std::vector<Running> running;
  std::vector<std::size_t> again;  // Lost connections that one more try makes up for.
  for (std::size_t i = 0; i < submissions.size(); ++i) {
    Result<Lease> lease = Lease::take(*submissions[i].channel, deadline);
    if (!lease) {
      outcomes[i] = fail(std::move(lease).error());
      continue;
    }
    if (Result<void> begun = (*lease)->begin(*submissions[i].request); !begun) {
      outcomes[i] = std::move(begun);
      continue;
    }
    running.push_back({i, *std::move(lease)});
    pump_all(running, submissions, outcomes, again);  // Sends, before the next one may connect.
  }
  while (!running.empty()) {
    // What has arrived by the deadline counts, even when waiting for another node used it up.
    const bool in_time = wait_any(running, deadline);
    pump_all(running, submissions, outcomes, again);
    if (in_time) continue;
    for (Running& late : running) {
      outcomes[late.index] = fail(late.lease->give_up("no complete reply in time"));
    }
    running.clear();
  }
  for (const std::size_t index : again) {
    outcomes[index] = submissions[index].channel->execute(*submissions[index].request, deadline);
  }

  std::vector<Result<void>> results;
  results.reserve(outcomes.size());
  for (auto& outcome : outcomes) results.push_back(*std::move(outcome));
  return results;
}

}  // namespace cachekit::net
