#pragma once

#include "net/mux/waiter.hpp"
#include "net/request.hpp"

#include <cachekit/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cachekit::net {

/// How an attempt to write a batch has ended.
enum class WriteEnd : std::uint8_t {
  all,      ///< The kernel has all of it.
  refused,  ///< The kernel takes no more for now.
  late,     ///< There was no time for more.
  closed,   ///< The peer takes no more bytes. What it said before can still be read.
  failed,   ///< The connection is of no more use.
};

/// Requests on their way out, and their bytes: those whose writing has not begun, and the batch
/// that is being written.
///
/// Threads: one at a time, but for the one that writes: while the state is `writing`,
/// `prepare_write` and `commit_write` are for it alone, beside whatever the others do.
class Outbox {
 public:
  /// Of the batch.
  enum class State : std::uint8_t {
    idle,     ///< There is none.
    writing,  ///< Somebody writes it; what the kernel may have been given counts as sent.
    refused,  ///< A part of it went, and the leader is to go on with it.
    late,     ///< The same; it stopped for want of time, not at the kernel.
  };

  // Of requests whose writing has not begun.

  /// Encodes a request and queues it. Errors: what it refuses; it is not queued then.
  [[nodiscard]] Result<void> add(Waiter& waiter, const Session& session) noexcept;
  /// Requires: it is queued here.
  void withdraw(Waiter& waiter) noexcept;
  [[nodiscard]] WaiterList& queued() noexcept { return queued_; }
  [[nodiscard]] const WaiterList& queued() const noexcept { return queued_; }
  [[nodiscard]] std::size_t queued_bytes() const noexcept { return out_.size(); }

  // Of the batch.

  /// Whether a batch can be begun: no other one is open, and there are bytes.
  [[nodiscard]] bool may_begin() const noexcept {
    return state_ == State::idle && !peer_gone_ && !out_.empty();
  }
  /// Makes a batch of all that is queued, and appends its requests to `written`; gives their
  /// number. Requires: `may_begin`.
  std::size_t begin(WaiterList& written) noexcept;
  /// Goes on with a batch that stopped half-way. Requires: `stopped`.
  void resume() noexcept;
  /// The next bytes for the kernel; empty when it has all.
  [[nodiscard]] std::string_view prepare_write() const noexcept {
    return std::string_view(sending_).substr(sent_);
  }
  /// The kernel took so many of them.
  void commit_write(std::size_t bytes) noexcept { sent_ += bytes; }
  /// Whether the kernel, asked once more for a batch that it had refused, has taken some of it by
  /// now: so the peer is alive. (A new batch tells nothing: there is room in the kernel.)
  [[nodiscard]] bool end(WriteEnd how) noexcept;

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool stopped() const noexcept {
    return state_ == State::refused || state_ == State::late;
  }
  [[nodiscard]] bool peer_gone() const noexcept { return peer_gone_; }
  /// Has the one who writes, if there is one, send what is queued now as well.
  void ask_for_more() noexcept { more_ = state_ != State::idle; }
  /// Whether somebody has asked for that; once.
  [[nodiscard]] bool take_more() noexcept;
  /// Whether a request of a batch has had no byte sent. While somebody writes, none is known to be.
  [[nodiscard]] bool unsent(const Waiter& waiter) const noexcept {
    return waiter.bytes_.batch == batch_ && waiter.bytes_.begin >= unsent_from_;
  }

  /// Forgets all bytes, for another connection. Requires: nothing is queued, nobody writes.
  void clear() noexcept;

 private:
  void close_gaps() noexcept;

  static constexpr std::size_t all_sent = static_cast<std::size_t>(-1);

  WaiterList queued_;          // Whose bytes are in out_.
  std::string out_;            // Requests whose writing has not begun.
  std::size_t withdrawn_ = 0;  // Bytes in it that are nobody's any more.
  std::string sending_;        // The batch that is being written; belongs to the one who writes.
  std::size_t sent_ = 0;       // How much of it the kernel has; the same.
  State state_ = State::idle;
  bool more_ = false;  // Whoever writes is to send what has been queued meanwhile.
  bool peer_gone_ = false;
  std::uint64_t batch_ = 0;
  // Where the part of the last batch begins that did not go; nowhere while somebody writes.
  std::size_t unsent_from_ = all_sent;
  std::size_t resumed_at_ = all_sent;  // Where the part begins with which it went on.
};

}  // namespace cachekit::net
