#pragma once

#include "core/mutex.hpp"
#include "net/mux/leadership.hpp"
#include "net/mux/multiplexer.hpp"
#include "net/mux/reader.hpp"
#include "net/mux/waiter.hpp"
#include "net/pool/connection.hpp"
#include "net/transport/socket.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit::net {

struct CombinerStats {
  std::size_t in_flight = 0;   ///< Requests handed in and not answered.
  std::uint64_t requests = 0;  ///< Handed to the kernel.
  std::uint64_t batches = 0;   ///< Writes that carried them.
  std::uint64_t timeouts = 0;  ///< Requests whose deadline passed.
  std::uint64_t abandoned_requests =
      0;                         ///< Given up after sending; their reply has to be thrown away.
  std::uint64_t losses = 0;      ///< Connections that broke.
  std::uint64_t reconnects = 0;  ///< Connections made in the place of one that broke.
};

/// The connection that callers share, one after the other as they break: a multiplexer with its
/// socket and its locks. It does what is asked of it, a step at a time; who is to do what is
/// decided by `Combiner`, for which all that is private is meant.
///
/// Two locks, taken in this order. `delivery_` is held by the leader while it hands out replies,
/// and by whoever takes requests out that were sent; `mutex_` by everybody, for a moment, never
/// while the socket or a parser is at work. Without them, who writes has the batch for itself, from
/// `Multiplexer::begin_write` to `end_write`, and who leads has the reader.
///
/// Threads: what is public may be called from any thread at once. Errors: none of it throws.
class SharedConnection {
 public:
  using Clock = Deadline::clock;

  SharedConnection(std::string endpoint, const Multiplexer::Surroundings& around,
                   std::chrono::milliseconds longest_silence);

  /// Whether there is a connection, and it takes requests.
  [[nodiscard]] bool connected() const;
  /// Whether a connection is of no more use, and was not closed yet.
  [[nodiscard]] bool breaking() const;
  /// Counts the connections: a request that was handed in with this number goes to no later one.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_.load(); }
  /// Whether requests are under way. May be out of date at once.
  [[nodiscard]] bool busy() const noexcept { return load().count() > 0; }
  /// What counts for its requests in the bounds.
  [[nodiscard]] const Load& load() const noexcept CACHEKIT_UNCHECKED_LOCKING {  // It is atomic.
    return mux_.load();
  }
  [[nodiscard]] CombinerStats stats() const;
  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }
  /// Has a connection of an earlier generation than that replaced, once all that is under way is
  /// answered; and each such one that comes.
  void retire_before(std::uint64_t generation) noexcept;
  /// In a forked child: closes the descriptor and touches nothing else. The object is of no use
  /// afterwards, and must not be destroyed: threads of the parent may hold its locks for ever.
  void close_after_fork() noexcept;

  enum class Unsent : std::uint8_t {
    nothing,  ///< All went, or cannot go, or the one who writes just now has been told.
    refused,  ///< The kernel would not take all of it.
    late,     ///< There was no time for more.
  };
  /// Sends what is queued, as far as that goes without waiting, and until `until`.
  [[nodiscard]] Unsent flush(Deadline until, Clock::time_point now = Clock::now()) noexcept;

 private:
  friend class Combiner;
  friend class Caller;

  enum class ReadResult : std::uint8_t { something, nothing, lost };
  enum class Entry : std::uint8_t { queued, refused, full, no_connection };

  void attach(Connection&& connection) noexcept CACHEKIT_REQUIRES(mutex_);
  [[nodiscard]] Entry enqueue(Waiter& waiter) noexcept CACHEKIT_REQUIRES(mutex_);
  [[nodiscard]] bool usable() noexcept CACHEKIT_REQUIRES(mutex_);
  [[nodiscard]] bool spoke_unasked() noexcept CACHEKIT_REQUIRES(mutex_);
  void mark_broken(Errc code, std::string_view why) noexcept CACHEKIT_REQUIRES(mutex_);
  void shut_if_broken() noexcept CACHEKIT_REQUIRES(mutex_);
  /// Requires: `may_begin_batch`.
  void begin_batch(Clock::time_point now) noexcept CACHEKIT_REQUIRES(mutex_);
  void close_if_unused() noexcept CACHEKIT_REQUIRES(mutex_);
  [[nodiscard]] bool has_abandoned() const noexcept CACHEKIT_REQUIRES(mutex_);
  void suspect_slow_reply(Clock::time_point now) noexcept CACHEKIT_REQUIRES(mutex_);
  void withdraw(Waiter& waiter, Errc code, std::string_view why) noexcept
      CACHEKIT_REQUIRES(delivery_, mutex_);

  /// Whether the peer is dead, by its silence since a request was given up: then the connection is
  /// of no more use. For who finds no room: none of those who are refused has a deadline that could
  /// pass, which is when the silence is looked at otherwise.
  [[nodiscard]] bool break_if_silent(Clock::time_point now) noexcept;
  /// Of the one who writes.
  [[nodiscard]] Unsent send_batch(Deadline until) noexcept;
  [[nodiscard]] Result<WriteEnd> send_pending(Deadline until) noexcept CACHEKIT_UNCHECKED_LOCKING;
  /// Of the leader.
  [[nodiscard]] ReadResult read_once(const ReadWait& wait, Completions& completions) noexcept;
  [[nodiscard]] ReadResult deliver(std::string_view bytes, Completions& completions) noexcept;
  [[nodiscard]] Result<void> hand_out(std::string_view bytes, Completions& completions)
      CACHEKIT_REQUIRES(delivery_);
  [[nodiscard]] Result<void> parse(ReplyQueue::Delivery& delivery, std::string_view bytes)
      CACHEKIT_REQUIRES(delivery_) CACHEKIT_UNCHECKED_LOCKING {
    return mux_.parse(delivery, bytes);
  }
  void fail_all(Completions& completions) noexcept;

  const std::string endpoint_;
  Reader reader_;  // Of the leader.

  core::Mutex delivery_ CACHEKIT_ACQUIRED_BEFORE(mutex_);
  mutable core::Mutex mutex_;
  core::ConditionVariable unused_;
  // But for what writes and parses, which is one thread at a time.
  Multiplexer mux_ CACHEKIT_GUARDED_BY(mutex_);
  Leadership leadership_;  // Under the lock where it does not say that it needs none.
  std::atomic<std::uint64_t> number_{0};  // Of the connection.
  std::uint64_t reconnects_ CACHEKIT_GUARDED_BY(mutex_) = 0;
  std::uint64_t oldest_ CACHEKIT_GUARDED_BY(mutex_) = 0;  // Generation that is not retired.
  bool ended_ CACHEKIT_GUARDED_BY(mutex_) = false;        // It takes no other connection any more.
  bool shut_ CACHEKIT_GUARDED_BY(mutex_) = false;  // The socket, because the connection is broken.
  Clock::time_point written_at_ CACHEKIT_GUARDED_BY(mutex_){};
  Clock::time_point refused_at_ CACHEKIT_GUARDED_BY(mutex_){};  // When the kernel took no more.
  Clock::time_point listen_at_
      CACHEKIT_GUARDED_BY(mutex_){};  // When to listen to an idle connection for a while.
  std::optional<Socket> socket_;      // Set while nobody reads or writes; used by those who do.
};

}  // namespace cachekit::net
