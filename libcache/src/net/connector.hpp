#pragma once

#include "net/address.hpp"
#include "net/backoff.hpp"
#include "net/combiner.hpp"
#include "net/dialer.hpp"
#include "net/protocol.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

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
  Connector(Address address, std::shared_ptr<const Protocol> protocol,
            std::chrono::milliseconds connection_timeout);

  /// Sees to it that `combiner` has a connection.
  /// Errors: those of `Dialer::open`; `timeout` when the deadline comes first.
  [[nodiscard]] Result<void> connect(Combiner& combiner, Deadline deadline);
  /// One more connection, for the caller alone.
  [[nodiscard]] Result<std::unique_ptr<Connection>> open(Deadline deadline);

  /// Whether an attempt is being made, or has succeeded and waits for somebody to take it.
  [[nodiscard]] bool under_way() const;

 private:
  [[nodiscard]] Result<void> may_try() const;
  void wait_for_turn(std::unique_lock<std::mutex>& lock, Deadline deadline);
  void attempt() noexcept;
  [[nodiscard]] Result<void> begin_attempt(std::unique_lock<std::mutex>& lock, Deadline deadline);
  void note(const Result<std::unique_ptr<Connection>>& opened);

  const Address address_;
  Dialer dialer_;
  const std::chrono::milliseconds connection_timeout_;

  mutable std::mutex mutex_;  // guards the members below
  std::condition_variable ended_;
  bool under_way_ = false;
  std::unique_ptr<Connection> fresh_;  // Of the last attempt; the first to come takes it.
  std::optional<Error> failure_;       // Of the last attempt; empty after a success.
  Backoff backoff_;
};

}  // namespace cachekit::net
