#pragma once

#include "net/protocol.hpp"

#include <atomic>
#include <memory>

namespace cachekit::memcached {

/// Finds out which dialect a server speaks: "mn" is answered by those that know the meta commands,
/// refused by those that do not, and some proxies close the connection on it. For the last kind the
/// first connection fails, and `learned_from` says that a second one is worth it: that one says
/// no "mn", and an answer to a classic command settles the matter for this server.
///
/// One object per server. Threads: all members may be called from any thread at once.
class MemcachedProtocol final : public net::Protocol {
 public:
  [[nodiscard]] std::unique_ptr<net::Session> make_session() const override;
  [[nodiscard]] Result<void> handshake(net::Connection& connection,
                                       Deadline deadline) const override;

  [[nodiscard]] bool learned_from(const Error& error) const noexcept override;
  void forget() const noexcept override;

 private:
  enum class Knowledge : unsigned char { none, suspected, classic };

  [[nodiscard]] Result<void> greet(net::Connection& connection, Deadline deadline) const;
  [[nodiscard]] Result<void> try_classic(net::Connection& connection, Deadline deadline) const;

  mutable std::atomic<Knowledge> knowledge_{Knowledge::none};
};

}  // namespace cachekit::memcached
