#pragma once

// net/mux/: how many requests share one connection: their order, who leads for the others, who
// sleeps, and what nobody waits for. Which node a request goes to, and what to do when there is no
// connection to it, is decided above, by the channel.

#include "net/mux/in_flight.hpp"
#include "net/mux/parking_lot.hpp"
#include "net/mux/program_order.hpp"
#include "net/mux/spin_choice.hpp"
#include "net/mux/waiter.hpp"
#include "net/mux/yield_policy.hpp"
#include "net/pool/connection.hpp"
#include "net/transport/socket.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
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

/// How somebody else ends the waiting of a thread that reads: `raised` says that it should end, and
/// then `descriptor` (an eventfd) becomes readable.
struct Interrupt {
  const std::atomic<bool>& raised;
  int descriptor;
};

struct CombinerStats {
  std::size_t in_flight = 0;     ///< Requests handed in and not answered.
  std::uint64_t requests = 0;    ///< Handed to the kernel.
  std::uint64_t batches = 0;     ///< Writes that carried them.
  std::uint64_t timeouts = 0;    ///< Requests whose deadline passed.
  std::uint64_t tombstones = 0;  ///< Given up after sending; their reply has to be thrown away.
  std::uint64_t losses = 0;      ///< Connections that broke.
  std::uint64_t reconnects = 0;  ///< Connections made in the place of one that broke.
};

/// One connection that many callers share, by combining.
///
/// A caller encodes its request straight into the output buffer and waits. One of the callers that
/// wait is the leader: it writes what has been queued, reads what comes, parses each reply straight
/// into its request and wakes those who are done; once its own reply is in, it leaves the lead
/// to another one. So one caller alone makes one write and one read, and sixty-four make one of
/// each for a batch.
///
/// Replies come in the order of the requests; a caller that gives up leaves an abandoned request in
/// its place, so a reply reaches its own request or nobody. After any doubt the connection is
/// closed: what was sent and must not be sent twice is `outcome_unknown` then, the rest may be sent
/// anew.
///
/// Threads: all members may be called from any thread at once. Errors: none of them throws; what
/// fails for want of memory fails the requests that it is about.
class Combiner {
 public:
  /// What it shares with the rest of its node. Lifetime: all of it outlives the combiner.
  struct Surroundings {
    InFlightBounds& bounds;
    ProgramOrder& order;
    Lane lane;
  };
  Combiner(const CombinerOptions& options, std::string endpoint, const Surroundings& around);
  ~Combiner();
  Combiner(const Combiner&) = delete;
  Combiner& operator=(const Combiner&) = delete;

  /// Takes over a fresh connection, once the last one is let go of; leaves it where it has one.
  /// False when the deadline came first.
  [[nodiscard]] bool attach(Connection&& connection, Deadline deadline) noexcept;
  [[nodiscard]] bool connected() const;
  /// Counts the connections: one that was handed in with this number goes to no later one.
  [[nodiscard]] std::uint64_t connection_number() const noexcept { return number_.load(); }
  /// Whether a connection is of no more use, and was not let go of yet.
  [[nodiscard]] bool breaking() const;
  /// Whether requests are under way. May be out of date at once.
  [[nodiscard]] bool busy() const noexcept { return in_flight() > 0; }

  /// Runs a request to its end, or says false because there is no connection: nothing was sent.
  [[nodiscard]] bool run(BlockingWaiter& blocking) noexcept;

  enum class Sending : std::uint8_t {
    now,
    soon,  ///< With others, if some were sent a moment ago: `wait`, `run_until` or `flush` sends
           ///< it.
  };
  /// The same in two steps, so that a caller can have many requests under way: hands a request in
  /// and sends it as far as that goes without waiting; false as above.
  [[nodiscard]] bool submit(Waiter& waiter, Sending sending = Sending::now) noexcept;
  void wait(BlockingWaiter& blocking) noexcept;
  /// The same for a while: whether it is settled. It stays under way where it is not.
  [[nodiscard]] bool wait(BlockingWaiter& blocking, Deadline until) noexcept;
  /// Settles a request that its caller takes back, if it is not being settled already or unknown
  /// here: as `cancelled`, or as `outcome_unknown` where a write has been sent.
  void cancel(Waiter& waiter) noexcept;

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
  /// What counts for its requests in the bounds.
  [[nodiscard]] const Load& load() const noexcept { return load_; }
  enum class Unsent : std::uint8_t {
    nothing,  ///< All went, or cannot go, or the one who writes just now has been told.
    refused,  ///< The kernel would not take all of it.
    late,     ///< There was no time for more.
  };
  /// Sends what is queued, as far as that goes without waiting, and until `until`.
  [[nodiscard]] Unsent flush(Deadline until) noexcept { return flush(Clock::now(), until); }

  /// Settles all that is under way, as `cancelled` or `outcome_unknown`. Requires: nobody waits
  /// here any more.
  void end(std::string_view why) noexcept;

  /// Where those sleep who wait for a request that this combiner has, will have or had.
  [[nodiscard]] ParkingLot& parking_lot() noexcept { return lot_; }

  [[nodiscard]] CombinerStats stats() const;
  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }
  /// In a forked child: closes the descriptor and touches nothing else. The object is of no use
  /// afterwards, and must not be destroyed: threads of the parent may hold its locks for ever.
  void close_after_fork() noexcept;

 private:
  using Clock = Deadline::clock;

  enum class State : std::uint8_t { closed, open, breaking };
  enum class ReadResult : std::uint8_t { something, nothing, lost };
  enum class Entry : std::uint8_t { queued, refused, full, no_connection };

  /// What the leader has settled and has yet to wake.
  struct Completions {
    Waiter* own = nullptr;  ///< The leader's own waiter, which needs no waking; or null.
    bool own_settled = false;
    bool has_read = false;
    WaiterList others{};

    void add(Waiter& waiter) noexcept;
  };

  // Steps of a caller.
  /// Tries twice where it is full. `queued` is called while the lock is held.
  template <typename Queued>
  [[nodiscard]] Entry enter(Waiter& waiter, const Queued& queued) noexcept;
  [[nodiscard]] Entry enqueue(Waiter& waiter) noexcept;
  [[nodiscard]] bool make_room(Deadline until) noexcept;
  [[nodiscard]] bool encode(Waiter& waiter) noexcept;
  [[nodiscard]] bool usable() noexcept;
  [[nodiscard]] bool spoke_unasked() noexcept;
  void sleep(BlockingWaiter& blocking, bool patient, Deadline until) noexcept;
  enum class Yielded : std::uint8_t { in_vain, signalled, leads };
  [[nodiscard]] Yielded yield_before_parking(BlockingWaiter& blocking) noexcept;
  [[nodiscard]] Yielded await_turn(BlockingWaiter& blocking) noexcept;
  [[nodiscard]] bool take_lead(BlockingWaiter& blocking) noexcept;
  void leave(BlockingWaiter& blocking) noexcept;
  void reap() noexcept;
  void drain(Deadline until) noexcept;
  /// `begun`: when the leader began a batch, which it has yet to send.
  void lead(BlockingWaiter& blocking, Deadline until,
            std::optional<Clock::time_point> begun = std::nullopt) noexcept;
  [[nodiscard]] bool give_up(BlockingWaiter& blocking) noexcept;

  // Steps of the leader; one thread at a time is that.
  [[nodiscard]] ReadResult read_once(Deadline deadline, Clock::time_point now, bool stuck,
                                     Completions& completions,
                                     const Interrupt* interrupt = nullptr) noexcept;
  [[nodiscard]] Result<Socket::Transfer> read_alone(std::span<char> into, Deadline deadline,
                                                    Clock::time_point now) noexcept;
  [[nodiscard]] ReadResult deliver(std::string_view bytes, Completions& completions) noexcept;
  [[nodiscard]] Result<void> hand_out(std::string_view bytes, Completions& completions);
  /// Leaves them leaderless or hands it on, where somebody waits, and wakes who is settled.
  void give_up_lead(Completions& completions) noexcept;
  void give_up_lead() noexcept {
    Completions completions;
    give_up_lead(completions);
  }
  void settle_if_lost(Completions& completions) noexcept;
  void fail_all(Completions& completions) noexcept;
  void wake(Completions& completions) noexcept;
  void release(Waiter& waiter) noexcept;
  enum class IfLeaderless : std::uint8_t { take, leave_to_yielding };
  [[nodiscard]] bool claim_lead(IfLeaderless what) noexcept;
  [[nodiscard]] static bool revoke_promotion(BlockingWaiter& blocking) noexcept;
  [[nodiscard]] bool expire(WaiterList& list, Clock::time_point now, Clock::time_point& next,
                            WaiterList& expired) noexcept;

  // These want mutex_ to be held.
  [[nodiscard]] bool become_leader() noexcept;
  [[nodiscard]] bool leave_leaderless() noexcept;
  void mark_broken(Errc code, std::string_view why) noexcept;
  void close_if_unused() noexcept;
  [[nodiscard]] bool may_begin_batch() const noexcept;
  void begin_batch(Clock::time_point now) noexcept;
  void end_batch(const Result<Socket::Status>& status) noexcept;
  void take_done(const Waiter* end, Completions& completions) noexcept;
  void take_out(const Waiter& waiter) noexcept;
  void note_word() noexcept;
  /// Takes no more requests, and nobody reads for those that are under way.
  [[nodiscard]] bool without_leader() const noexcept {
    return state_ == State::open && retiring_ && !leading_ && !leaderless_ && in_flight() > 0;
  }
  [[nodiscard]] const Waiter* first_unsent() const noexcept;
  void trim_queue() noexcept;
  void close_gaps() noexcept;
  [[nodiscard]] std::size_t in_flight() const noexcept {
    return load_.requests.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool accepting() const noexcept {
    return state_ == State::open && !peer_gone_ && !retiring_;
  }
  [[nodiscard]] BlockingWaiter* newest_candidate() const noexcept;
  static void promote(BlockingWaiter& blocking, Wakeups& wakeups) noexcept;
  // These want both locks to be held.
  void withdraw(Waiter& waiter, Errc code, std::string_view why) noexcept;
  void abandon(Waiter& waiter) noexcept;
  void settle_lost(Waiter& waiter, bool sent, Completions& completions) noexcept;
  [[nodiscard]] bool silent_too_long(const Waiter& waiter) const noexcept;

  [[nodiscard]] Unsent flush(Clock::time_point now, Deadline until) noexcept;
  [[nodiscard]] Unsent send_batch(Deadline until) noexcept;
  [[nodiscard]] Result<Socket::Status> send_pending(Deadline until) noexcept;
  bool flush_for_others(Clock::time_point now, Deadline until) noexcept;

  const CombinerOptions options_;
  const std::string endpoint_;
  InFlightBounds& bounds_;
  ProgramOrder& order_;
  const Lane lane_;
  std::function<void()> on_leaderless_;
  std::function<void()> on_unsent_;
  ParkingLot lot_;

  const std::unique_ptr<char[]> buffer_;  // Of the leader.
  SpinChoice spin_;                       // The same.

  std::mutex delivery_;  // The leader holds it while it hands out replies. Taken before mutex_.
  const Waiter* culprit_ = nullptr;  // Whose reply was nonsense. Guarded by delivery_.

  mutable std::mutex mutex_;  // guards all members below
  std::condition_variable unused_;
  State state_ = State::closed;
  bool leading_ = false;    // Somebody is the leader.
  bool writing_ = false;    // sending_ is being written, or has to be written on (stuck_).
  bool stuck_ = false;      // A part of sending_ went; the leader goes on with it.
  bool more_ = false;       // Whoever writes is to send what has been queued meanwhile.
  bool peer_gone_ = false;  // The peer takes no more bytes; what it said before can still be read.
  bool retiring_ = false;   // Takes no more requests, and is closed once all are answered.
  Error cause_{};           // Why it is `breaking`.
  std::string out_;         // Requests whose writing has not begun.
  std::size_t withdrawn_ = 0;  // Bytes in it that are nobody's any more.
  std::string sending_;        // The batch that is being written; belongs to the one who writes.
  std::size_t sent_ = 0;       // How much of it the kernel has; the same.
  bool late_ = false;          // It stopped for want of time, not at the kernel; the same.
  // Where the part of the last batch begins that did not go. While somebody writes, that is
  // nowhere: what the kernel may have been given counts as sent.
  std::size_t unsent_from_ = all_sent;
  std::size_t resumed_at_ = all_sent;     // Where the part begins with which it went on.
  WaiterList queued_;                     // Whose bytes are in out_.
  WaiterList written_;                    // Whose bytes went, or are in sending_.
  WaiterList expecting_;                  // The same, and older. Changed under delivery_, too.
  Load load_;                             // The waiters in the three lists.
  std::atomic<std::uint64_t> number_{0};  // Of the connection.
  std::uint64_t words_ = 0;               // How often the peer said something.
  Clock::time_point last_word_at_{};
  Clock::time_point busy_since_{};  // Far in the future until the first request is sent.
  Clock::time_point written_at_{};
  Clock::time_point stuck_at_{};
  Clock::time_point listen_at_{};  // When to listen to an idle connection for a while.
  CombinerStats counts_{};

  // Threads in `run` or `wait`, counted before they take mutex_: without them nobody may lead.
  std::atomic<int> callers_{0};
  YieldPolicy yields_;            // How often to yield before parking.
  std::atomic<int> yielding_{0};  // How many do.
  std::atomic<Clock::time_point> look_for_room_at_{Clock::time_point::min()};
  // There is no leader, and one of those who yield will be it. Changed under mutex_.
  std::atomic<bool> leaderless_{false};

  // Set while nobody reads or writes; used by those who do.
  std::optional<Socket> socket_;
  std::unique_ptr<Session> session_;

  /// Before a deadline in which nobody gives the processor away: it may be gone for long.
  static constexpr auto margin = std::chrono::milliseconds(50);
  static constexpr std::size_t all_sent = static_cast<std::size_t>(-1);
  static constexpr std::size_t receive_size = std::size_t{64} << 10U;
};

}  // namespace cachekit::net
