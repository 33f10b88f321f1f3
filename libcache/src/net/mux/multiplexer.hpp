#pragma once

// net/mux/: how many requests share one connection. The multiplexer has the requests and the rules
// about them; it has no lock, no socket and no clock, so each order of events can be stepped. Who
// locks, who leads, who sleeps, and what nobody waits for, is beside it. What to do
// when there is no connection is decided above, by the channel; which node a request goes to, in
// net/routing/.

#include "net/mux/in_flight.hpp"
#include "net/mux/outbox.hpp"
#include "net/mux/parking_lot.hpp"
#include "net/mux/program_order.hpp"
#include "net/mux/reply_queue.hpp"
#include "net/mux/waiter.hpp"
#include "net/request.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace cachekit::net {

/// What has been settled, and has yet to be woken.
struct Completions {
  Waiter* own = nullptr;  ///< The leader's own waiter, which needs no waking; or null.
  bool own_settled = false;
  bool own_among_others = false;  ///< And is told in its turn.
  WaiterList others{};

  void add(Waiter& waiter) noexcept {
    if (&waiter == own) {
      own_settled = true;
      if (!waiter.told_in_order_) return;
      own_among_others = true;
    }
    others.push_back(waiter, Waiter::Place::nowhere);
  }
  /// Tells all but the own one, which may be gone then.
  void wake(ParkingLot& lot) noexcept;
};
/// The same for one.
void wake(Waiter& waiter, ParkingLot& lot) noexcept;

/// What became of the requests and connections of one multiplexer.
struct MultiplexerCounts {
  std::uint64_t requests = 0;   ///< Handed to the kernel.
  std::uint64_t batches = 0;    ///< Writes that carried them.
  std::uint64_t timeouts = 0;   ///< Requests whose deadline passed.
  std::uint64_t abandoned = 0;  ///< Given up after sending; their reply has to be thrown away.
  std::uint64_t losses = 0;     ///< Connections that broke.
};

/// How long the peer has said nothing, and whether that means that it is dead.
class Silence {
 public:
  using TimePoint = Deadline::clock::time_point;

  explicit Silence(std::chrono::milliseconds longest) noexcept : longest_(longest) {}

  void note_word(TimePoint now) noexcept {
    ++words_;
    last_word_at_ = now;
  }
  /// A connection is no word, but as good as one.
  void begin(TimePoint now) noexcept { last_word_at_ = now; }
  /// Until the first request is sent, nothing can be expected.
  void expect_nothing() noexcept { busy_since_ = TimePoint::max(); }
  void expect(TimePoint now) noexcept { busy_since_ = now; }

  /// How often the peer has said something.
  [[nodiscard]] std::uint64_t words() const noexcept { return words_; }
  [[nodiscard]] TimePoint last_word_at() const noexcept { return last_word_at_; }
  /// A peer that has said nothing since a request was handed in, at `words`, is dead when that has
  /// lasted long enough for everybody. A shorter silence is none: callers with tight budgets must
  /// not tear down what is merely slow. The batch of a request that waited for all of the longest
  /// silence began a little later than it.
  [[nodiscard]] bool too_long(std::uint64_t words, TimePoint now) const noexcept {
    if (words != words_) return false;
    return now - std::max(last_word_at_, busy_since_) >= longest_ - longest_ / 100;
  }

 private:
  const std::chrono::milliseconds longest_;
  std::uint64_t words_ = 0;
  TimePoint last_word_at_{};
  TimePoint busy_since_{};
};

/// The requests that share one connection: queued, sent in batches, and settled as their replies
/// come, as they are given up, or as the connection breaks.
///
/// A request moves from `queued` (its bytes are in the outbox) to `written` (they are being written
/// or went) to `expecting` (the reader has taken it over), and leaves when it is settled, which
/// happens exactly once.
///
/// - Replies come in the order of the requests. One that is given up after its bytes went leaves an
///   abandoned request in its place, so a reply reaches its own request or nobody.
/// - What the kernel was handed, even in part, is sent: when the connection breaks, a write among
///   it is `outcome_unknown`, and only what is idempotent, or was not begun, may be sent anew.
/// - Bytes that nobody asked for break the connection before any reply that came with them is
///   handed out.
///
/// Threads: one at a time, with two exceptions that need no lock: the one who writes has
/// `prepare_write` and `commit_write` to itself, the one who reads `parse`. Whoever takes requests
/// out that were sent (`fail_all`, `withdraw`, `expire`) keeps the reader out, too. Errors: none
/// throws but `parse`.
class Multiplexer {
 public:
  using TimePoint = Deadline::clock::time_point;

  /// What it shares with the rest of its node. Lifetime: all of it outlives the multiplexer.
  struct Surroundings {
    InFlightBounds& bounds;
    ProgramOrder& order;
    Lane lane;
  };
  Multiplexer(std::string endpoint, const Surroundings& around,
              std::chrono::milliseconds longest_silence);

  /// `breaking`: of no more use, but requests are under way that have to be failed.
  enum class State : std::uint8_t { closed, open, breaking };
  [[nodiscard]] State state() const noexcept { return state_; }
  /// Whether it takes requests.
  [[nodiscard]] bool accepting() const noexcept {
    return state_ == State::open && !outbox_.peer_gone() && !retiring_;
  }
  /// Whether it takes no more, and closes once all that is under way is answered.
  [[nodiscard]] bool retiring() const noexcept { return state_ == State::open && retiring_; }
  /// It is so from now on, where it is open.
  void retire() noexcept { retiring_ = state_ == State::open; }
  /// Begins with a fresh connection. Requires: closed.
  void open(std::unique_ptr<Session> session, TimePoint now) noexcept;
  /// From here on it takes nothing, and what is under way is to be failed. Only the first cause of
  /// an open connection counts.
  void mark_broken(Errc code, std::string_view why) noexcept;
  /// Forgets the connection. Requires: breaking or retiring, nothing under way, nobody writes.
  void close() noexcept;

  enum class Entry : std::uint8_t { queued, refused, full };
  /// Queues a request; what is refused has its outcome. Requires: accepting.
  [[nodiscard]] Entry enqueue(Waiter& waiter) noexcept;
  /// Settles one that is given up. One that was sent leaves an abandoned request behind; where a
  /// deadline passed in too long a silence, that breaks the connection. Requires: it is in here.
  void withdraw(Waiter& waiter, Errc code, std::string_view why, TimePoint now) noexcept;
  /// Withdraws those whose deadline has passed and that no caller waits for into `expired`; gives
  /// the next deadline of the others.
  [[nodiscard]] TimePoint expire(TimePoint now, WaiterList& expired) noexcept;
  /// Settles all that is under way as lost. Requires: breaking.
  void fail_all(Completions& completions) noexcept;

  [[nodiscard]] bool may_begin_batch() const noexcept {
    return state_ == State::open && outbox_.may_begin();
  }
  /// Makes the caller the one who writes: a new batch of all that is queued, or the rest of one
  /// that stopped. False where there is neither: then whoever writes just now is asked to send what
  /// is queued as well.
  [[nodiscard]] bool begin_write(TimePoint now) noexcept;
  /// The next bytes for the kernel; empty when it has all of the batch.
  [[nodiscard]] std::string_view prepare_write() const noexcept { return outbox_.prepare_write(); }
  /// The kernel has so many of them: with its first byte, a request is sent.
  void commit_write(std::size_t bytes) noexcept { outbox_.commit_write(bytes); }
  /// The caller writes no more. Whether the peer has shown that it is alive, which is as good as a
  /// word of it (`Silence::note_word`).
  [[nodiscard]] bool end_write(WriteEnd how) noexcept { return outbox_.end(how); }
  /// Whether more is to be sent by the one who has just ended a batch; asks only once.
  [[nodiscard]] bool goes_on() noexcept { return outbox_.take_more() && may_begin_batch(); }
  [[nodiscard]] const Outbox& outbox() const noexcept { return outbox_; }

  /// Bytes have come: the first of three steps to hand them out.
  [[nodiscard]] ReplyQueue::Delivery begin_delivery(TimePoint now) noexcept;
  /// The second, as `ReplyQueue::parse`: after an error the connection is to be marked broken, and
  /// there is no third.
  [[nodiscard]] Result<void> parse(ReplyQueue::Delivery& delivery, std::string_view bytes) {
    return replies_.parse(delivery, bytes);
  }
  /// Settles the requests that have their last reply.
  void end_delivery(const ReplyQueue::Delivery& delivery, Completions& completions) noexcept;

  [[nodiscard]] Silence& silence() noexcept { return silence_; }
  /// What is under way: handed in and not answered. Threads: any.
  [[nodiscard]] const Load& load() const noexcept { return load_; }
  [[nodiscard]] const MultiplexerCounts& counts() const noexcept { return counts_; }
  /// From the newest request to the oldest, until `visit` says true; that one, or null.
  template <typename Visit>
  [[nodiscard]] Waiter* newest(const Visit& visit) const {
    Waiter* const found = outbox_.queued().newest(visit);
    return found != nullptr ? found : replies_.newest(visit);
  }

 private:
  const std::string endpoint_;
  const Surroundings around_;
  State state_ = State::closed;
  bool retiring_ = false;
  Error cause_{};  // Why it is `breaking`.
  Outbox outbox_;
  ReplyQueue replies_;
  Silence silence_;
  Load load_;  // The requests in the outbox and those that expect replies.
  MultiplexerCounts counts_{};
};

}  // namespace cachekit::net
