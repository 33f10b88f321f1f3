#pragma once

#include "support/fault_proxy.hpp"
#include "support/scripted_server.hpp"
#include "support/servers.hpp"

#include <cachekit/backend.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace cachekit::test {

enum class Kind { redis, memcached };

inline constexpr std::array both_kinds{Kind::redis, Kind::memcached};

[[nodiscard]] std::string_view to_string(Kind kind) noexcept;

/// Never the reason that something fails on a busy machine.
inline constexpr std::chrono::milliseconds patience = std::chrono::seconds(30);

/// A client of whatever listens on this port. It greets a Redis server with PING, a Memcached
/// server with "mn".
[[nodiscard]] std::unique_ptr<CacheBackend> client_of(
    Kind kind, std::uint16_t port, std::chrono::milliseconds operation_timeout = patience);

/// What a scripted server does first: answers that greeting.
void expect_greeting(Kind kind, Peer& peer);

/// A real server, a proxy that can fail in front of it, and a client of each.
class Rig {
 public:
  explicit Rig(Kind kind, std::chrono::milliseconds operation_timeout = patience);

  [[nodiscard]] LocalServer& server() noexcept { return *server_; }
  [[nodiscard]] FaultProxy& proxy() noexcept { return *proxy_; }
  /// The client under test, through the proxy.
  [[nodiscard]] CacheBackend& cache() noexcept { return *cache_; }
  /// A client that sees what the server really holds.
  [[nodiscard]] CacheBackend& truth() noexcept { return *truth_; }

 private:
  std::unique_ptr<LocalServer> server_;
  std::unique_ptr<FaultProxy> proxy_;
  std::unique_ptr<CacheBackend> cache_;
  std::unique_ptr<CacheBackend> truth_;
};

}  // namespace cachekit::test

/// Runs the rest of the test case over Redis, then over Memcached.
#define CACHEKIT_FOR_BOTH_SERVERS(kind)                                               \
  const cachekit::test::Kind kind = GENERATE(from_range(cachekit::test::both_kinds)); \
  INFO("server: " << to_string(kind))
