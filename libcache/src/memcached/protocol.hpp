#pragma once

#include "net/protocol.hpp"

#include <atomic>
#include <chrono>
#include <memory>

namespace cachekit::memcached {

/// Finds out, on every connection anew, which dialect a server speaks: "mn" is answered by those
/// that know the meta commands and refused by those that do not.
///
/// Some proxies close the connection on it instead, and so does whatever breaks a connection, or
/// has no room for one. So when "mn" was lost, the next connections begin with a classic command,
/// and say "mn" again only once that was answered. What is lost then was lost to "mn"; when
/// `enough_losses` were, in a row, a connection speaks classic. That holds for this connection
/// alone, which is replaced after a while; the next one says "mn" again, once.
///
/// One object per server. Threads: all members may be called from any thread at once.
class MemcachedProtocol final : public net::Protocol {
 public:
  /// `suspicion`: how long a connection may speak classic to a peer that has not refused "mn".
  explicit MemcachedProtocol(
      std::chrono::milliseconds suspicion = std::chrono::seconds(30)) noexcept
      : suspicion_(suspicion) {}

  [[nodiscard]] std::unique_ptr<net::Session> make_session() const override;
  [[nodiscard]] Result<void> handshake(net::Connection& connection,
                                       Deadline deadline) const override;

  [[nodiscard]] bool learned_from(const Error& error) const noexcept override;
  void forget() const noexcept override { lost_.store(0); }

 private:
  static constexpr int enough_losses = 3;

  [[nodiscard]] Result<void> probe(net::Connection& connection, int lost, Deadline deadline) const;
  [[nodiscard]] Result<void> look_up(net::Connection& connection, Deadline deadline) const;

  const std::chrono::milliseconds suspicion_;
  mutable std::atomic<int> lost_{0};  // In a row. Those that were lost at the same time count once.
};

}  // namespace cachekit::memcached
