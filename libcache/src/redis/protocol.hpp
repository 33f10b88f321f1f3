#pragma once

#include "net/protocol.hpp"

#include <cachekit/redis.hpp>

#include <memory>
#include <string>

namespace cachekit::redis {

/// Greets a Redis server: AUTH, SELECT and CLIENT SETNAME in one write, or PING where none of them
/// is wanted. RESP2 needs no HELLO. The name is optional: servers and proxies that refuse it are
/// served all the same.
class Protocol final : public net::Protocol {
 public:
  explicit Protocol(const RedisConfig& config);

  [[nodiscard]] std::unique_ptr<net::Session> make_session() const override;
  [[nodiscard]] Result<void> handshake(net::Connection& connection,
                                       Deadline deadline) const override;

 private:
  std::string username_;
  Secret password_;
  std::uint32_t database_;
  std::string client_name_;
};

}  // namespace cachekit::redis
