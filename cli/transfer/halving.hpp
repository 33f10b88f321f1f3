#pragma once

#include <cachekit/backend.hpp>
#include <cachekit/steady_clock.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace cachekit::cli {

/// Whether a call may have failed because the server closed the connection. (An error that the
/// server sent begins with its code in capitals.)
[[nodiscard]] inline bool lost_connection(const Error& error) noexcept {
  const bool lost = error.code == Errc::unavailable || error.code == Errc::outcome_unknown;
  const bool sent =
      !error.message.empty() && error.message.front() >= 'A' && error.message.front() <= 'Z';
  return lost && !sent;
}

/// Finds the items for which a server closes the connection, as Redis does for a value above
/// proto-max-bulk-len: what a lost connection has left open is asked again in halves, as long as
/// the server is up, down to the single items that are at fault; all others get their outcome.
///
/// Requires: a call that does no harm when it is made twice.
template <typename Value>
class Halving {
 public:
  using Outcomes = std::vector<Result<Value>>;
  using Indices = std::span<const std::size_t>;
  /// Gives an outcome for each index, in order.
  using Call = std::function<Outcomes(Indices which)>;

  /// `budget`: of one call. One that took so long was too slow, and is not made again.
  Halving(CacheBackend& backend, Call call, std::optional<std::chrono::milliseconds> budget,
          std::function<bool()> interrupted)
      : backend_(backend),
        call_(std::move(call)),
        budget_(budget),
        interrupted_(std::move(interrupted)) {}

  /// Errors: `too_large` for an item at fault. Where the server is down, or the command was
  /// interrupted, the errors of the last try.
  [[nodiscard]] Outcomes run(std::size_t count) {
    std::vector<std::size_t> all(count);
    std::iota(all.begin(), all.end(), std::size_t{0});
    outcomes_.assign(count, Result<Value>(fail(Errc::cancelled, "interrupted")));
    const std::vector<std::size_t> open = try_once(all);
    if (!open.empty() && may_go_on()) halve(open);
    return std::move(outcomes_);
  }

 private:
  // Gives those that a lost connection left open.
  std::vector<std::size_t> try_once(Indices which) {
    const auto start = SteadyClock::now();
    Outcomes outcomes = call_(which);
    too_slow_ = budget_ && SteadyClock::now() - start >= *budget_;
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < which.size(); ++i) {
      if (!outcomes[i] && lost_connection(outcomes[i].error())) open.push_back(which[i]);
      outcomes_[which[i]] = std::move(outcomes[i]);
    }
    return open;
  }

  // After a try that left some open: whether there is somebody to answer another one.
  [[nodiscard]] bool may_go_on() {
    if (too_slow_ || interrupted_()) return false;
    const PingReport report = backend_.ping();
    for (const NodePing& node : report.nodes) {
      if (node.error) return false;
    }
    return !interrupted_();
  }

  // False when the server is gone.
  bool halve(Indices open) {
    const std::size_t middle = open.size() / 2;
    for (const Indices half : {open.first(middle), open.subspan(middle)}) {
      if (half.empty()) continue;
      if (half.size() == 1) {
        if (!alone(half.front())) return false;
        continue;
      }
      const std::vector<std::size_t> left = try_once(half);
      if (left.empty()) continue;
      if (!may_go_on() || !halve(left)) return false;
    }
    return true;
  }

  bool alone(std::size_t item) {
    const std::size_t one[] = {item};
    if (try_once(one).empty()) return true;
    if (!may_go_on()) return false;
    Error& error = outcomes_[item].error();
    error.code = Errc::too_large;
    error.message = "the server closes the connection on it: " + error.message;
    return true;
  }

  CacheBackend& backend_;
  Call call_;
  std::optional<std::chrono::milliseconds> budget_;
  std::function<bool()> interrupted_;
  Outcomes outcomes_;
  bool too_slow_ = false;
};

}  // namespace cachekit::cli
