#pragma once

#include "core/mutex.hpp"
#include "net/backoff.hpp"
#include "net/mux/combiner.hpp"
#include "net/pool/dialer.hpp"
#include "net/protocol.hpp"
#include "net/transport/address.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace cachekit::net {

/// Opens connections to one node: one attempt at a time, whoever asks meanwhile waits for its
/// outcome. After a failure the next attempt has to wait; until shortly before that, everybody is
/// told at once.
///
/// An attempt has the connection budget, even if the caller that caused it has less: a service with
/// tight budgets would never reach a distant server otherwise. So it runs on a thread of its own,
/// which ends with it, unless the caller has the time to wait for all of it.
///
/// Threads: all members may be called from any thread at once.
class Connector : public std::enable_shared_from_this<Connector> {
 public:
  /// `where`: as of `Dialer`.
  Connector(Address address, std::shared_ptr<const Protocol> protocol,
            std::chrono::milliseconds connection_timeout, AddressSource where = {});

  /// Sees to it that `combiner` has a connection.
  /// Errors: those of `Dialer::open`; `timeout` when the deadline comes first.
  [[nodiscard]] Result<void> connect(Combiner& combiner, Deadline deadline) noexcept;
  /// The same without waiting: false while an attempt is under way, whose end `on_ended` tells. Its
  /// want of patience is no error; that the broken connection is still in somebody's hands is one.
  [[nodiscard]] Result<bool> try_connect(Combiner& combiner) noexcept;
  /// One more connection, for the caller alone.
  [[nodiscard]] Result<std::unique_ptr<Connection>> open(Deadline deadline) noexcept;
  /// The same for a caller that comes again and again: waits until an attempt is due, and gives
  /// null where the deadline comes first. The attempt goes on then, and what comes of it is for the
  /// next call. Requires: nobody calls `connect`.
  [[nodiscard]] Result<std::unique_ptr<Connection>> await(Deadline deadline) noexcept;

  /// From here on, connections that an earlier attempt brings are closed, and another attempt is
  /// made in its place. Gives the generation of those to come; earlier ones have lower numbers.
  [[nodiscard]] std::uint64_t retire() noexcept;

  /// Whether an attempt is being made, or has succeeded and waits for somebody to take it.
  [[nodiscard]] bool under_way() const;
  /// When the next attempt may be made: in the past, unless the last one has failed.
  [[nodiscard]] Deadline::clock::time_point next_attempt() const;
  /// A caller that can try so soon is better served by a short wait than by an error.
  static constexpr auto short_wait = std::chrono::milliseconds(20);
  /// Has `call` called after each attempt of `connect`, from any thread; an empty one ends that,
  /// and none is under way when this returns. Requires: the call asks nothing of the connector.
  void on_ended(const void* who, std::function<void()> call);

 private:
  /// False when the deadline came first.
  [[nodiscard]] Result<bool> take_or_begin(Combiner& combiner, Deadline deadline);
  [[nodiscard]] Result<std::unique_ptr<Connection>> open_one(Deadline deadline);
  [[nodiscard]] Result<std::unique_ptr<Connection>> await_one(Deadline deadline);
  [[nodiscard]] Result<void> may_try() const CACHEKIT_REQUIRES(mutex_);
  void wait_for_turn(core::MutexLock& lock, Deadline deadline) CACHEKIT_REQUIRES(mutex_);
  void attempt(Deadline deadline) noexcept;
  [[nodiscard]] Result<std::unique_ptr<Connection>> dial(Deadline deadline);
  [[nodiscard]] Result<void> begin_attempt(core::MutexLock& lock, Deadline deadline)
      CACHEKIT_REQUIRES(mutex_);
  [[nodiscard]] bool attempt_elsewhere() noexcept;
  void note(const Result<std::unique_ptr<Connection>>& opened) noexcept CACHEKIT_REQUIRES(mutex_);

  const Address address_;
  Dialer dialer_;
  const std::chrono::milliseconds connection_timeout_;

  std::atomic<std::uint64_t> generation_{0};

  mutable core::Mutex mutex_;
  core::ConditionVariable ended_;
  bool under_way_ CACHEKIT_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Connection> fresh_
      CACHEKIT_GUARDED_BY(mutex_);  // Of the last attempt; the first to come takes it.
  std::optional<Error> failure_
      CACHEKIT_GUARDED_BY(mutex_);  // Of the last attempt; empty after a success.
  bool failure_told_ CACHEKIT_GUARDED_BY(mutex_) = false;  // By `await`.
  Backoff backoff_ CACHEKIT_GUARDED_BY(mutex_);
  std::vector<std::pair<const void*, std::function<void()>>> listeners_ CACHEKIT_GUARDED_BY(mutex_);
};

}  // namespace cachekit::net
