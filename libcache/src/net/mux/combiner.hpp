#pragma once

#include "net/mux/multiplexer.hpp"
#include "net/mux/parking_lot.hpp"
#include "net/mux/reader.hpp"
#include "net/mux/shared_connection.hpp"
#include "net/mux/waiter.hpp"
#include "net/pool/connection.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace cachekit::net {

struct CombinerOptions {
  std::size_t max_requests = 10'000;               ///< Handed in and not answered.
  std::size_t max_bytes = std::size_t{64} << 20U;  ///< Of these requests.
  /// A peer that says nothing for so long, while a request waits for it and gives up, is dead.
  std::chrono::milliseconds longest_silence = std::chrono::milliseconds(500);
};

/// How callers share a connection: by combining.
///
/// A caller encodes its request straight into the output buffer and waits. One of the callers that
/// wait is the leader (`Leadership`): it writes what has been queued, reads what comes, parses each
/// reply straight into its request and wakes those who are done; once its own reply is in, it
/// leaves the lead to another one. So one caller alone makes one write and one read, and sixty-four
/// make one of each for a batch.
///
/// Replies come in the order of the requests; a caller that gives up leaves an abandoned request in
/// its place, so a reply reaches its own request or nobody. After any uncertainty the connection is
/// closed: what was sent and must not be sent twice is `outcome_unknown` then, the rest may be sent
/// anew (`Multiplexer`).
///
/// Threads: all members may be called from any thread at once. Errors: none of them throws; what
/// fails for want of memory fails the requests that it is about.
class Combiner {
 public:
  using Surroundings = Multiplexer::Surroundings;
  Combiner(const CombinerOptions& options, std::string endpoint, const Surroundings& around);
  ~Combiner();
  Combiner(const Combiner&) = delete;
  Combiner& operator=(const Combiner&) = delete;

  /// What is shared: the same for as long as this lives, whatever breaks.
  [[nodiscard]] SharedConnection& connection() noexcept { return connection_; }
  [[nodiscard]] const SharedConnection& connection() const noexcept { return connection_; }
  /// Takes over a fresh connection, once the last one is closed; leaves it where it has one, or
  /// where this has ended. False when the deadline came first.
  [[nodiscard]] bool attach(Connection&& connection, Deadline deadline) noexcept;

  /// Runs a request to its end, or says false because there is no connection: nothing was sent.
  [[nodiscard]] bool run(BlockingWaiter& blocking) noexcept;

  enum class Sending : std::uint8_t {
    now,
    soon,  ///< With others, if some were sent a moment ago: `wait`, `run_until` or a flush sends
           ///< it.
  };
  /// The same in two steps, so that a caller can have many requests under way: hands a request in
  /// and sends it as far as that goes without waiting; false as above.
  [[nodiscard]] bool submit(Waiter& waiter, Sending sending = Sending::now) noexcept;
  /// Waits for a while: whether it is settled. It stays under way where it is not.
  [[nodiscard]] bool wait(BlockingWaiter& blocking, Deadline until) noexcept;
  /// Settles a request that its caller takes back, if it is not being settled already or unknown
  /// here: as `cancelled`, or as `outcome_unknown` where a write has been sent.
  /// False where that is not to be done: it was sent, and stays.
  bool cancel(Waiter& waiter) noexcept;

  /// For a thread that looks after requests for which no caller waits. Reads until `until`, until
  /// nothing is under way, or until it is interrupted; false at once when somebody else reads.
  [[nodiscard]] bool run_until(Deadline until, const Interrupt* interrupt = nullptr) noexcept;
  /// Reads what has come, where nobody reads just now; sends first what is queued, until `until`.
  /// False where nothing had come: there is as much under way as before.
  bool drain_abandoned(Deadline until) noexcept;
  /// Settles the requests whose deadline has passed and that no caller waits for; gives the next
  /// deadline of the others.
  Deadline::clock::time_point expire() noexcept;
  /// Is called, from any thread, when requests are under way and nobody reads any more. Requires:
  /// set before the first request.
  void on_leaderless(std::function<void()> call) { on_leaderless_ = std::move(call); }
  /// Is called, from any thread, when one who had no more time has left requests unsent. Requires:
  /// as above.
  void on_unsent(std::function<void()> call) { on_unsent_ = std::move(call); }

  /// Settles all that is under way, as `cancelled` or `outcome_unknown`, and takes nothing from
  /// here on. Requires: nobody waits here any more.
  void end(std::string_view why) noexcept;

  /// Where those sleep who wait for a request that this combiner has, will have or had.
  [[nodiscard]] ParkingLot& parking_lot() noexcept { return lot_; }

 private:
  friend class Caller;
  using Clock = Deadline::clock;
  using Entry = SharedConnection::Entry;

  /// Tries twice where it is full. `queued` is called while the lock is held.
  template <typename Queued>
  [[nodiscard]] Entry enter(Waiter& waiter, const Queued& queued) noexcept;
  [[nodiscard]] bool make_room(Deadline until) noexcept;
  void reap() noexcept;
  void drain(Deadline until) noexcept;
  bool flush_for_others(Clock::time_point now, Deadline until) noexcept;

  enum class IfLeaderless : std::uint8_t { take, leave_to_yielding };
  [[nodiscard]] bool claim_lead(IfLeaderless what) noexcept;
  /// Leaves the lead open or hands it on, where somebody waits, and wakes who is settled.
  void give_up_lead(Completions& completions) noexcept;
  void give_up_lead() noexcept {
    Completions completions;
    give_up_lead(completions);
  }
  void settle_if_lost(Completions& completions) noexcept;

  SharedConnection connection_;
  ParkingLot lot_;
  std::function<void()> on_leaderless_;
  std::function<void()> on_unsent_;
  std::atomic<Clock::time_point> look_for_room_at_{Clock::time_point::min()};
};

}  // namespace cachekit::net
