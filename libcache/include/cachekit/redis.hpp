#pragma once

#include <cachekit/backend.hpp>
#include <cachekit/export.hpp>
#include <cachekit/redis_reply.hpp>
#include <cachekit/secret.hpp>
#include <cachekit/units.hpp>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit {

class RedisTransaction;
class Subscriber;

/// Where a Redis server is and how to talk to it. Every duration is finite by default; 0 is
/// refused, no limit is spelled `cachekit::forever`.
struct RedisConfig {
  std::string host = "localhost";
  std::uint16_t port = 6379;
  std::string unix_socket{};  ///< A path; used instead of host and port when not empty.
  std::string username{};     ///< An ACL user (Redis 6); empty: the default user.
  Secret password{};
  std::uint32_t database = 0;
  /// The most connections that are open at once for calls; transactions, subscribers and commands
  /// that block, or are not known, have one of their own each, beside these. (cores x 2) + 1 is a
  /// good start.
  std::size_t pool_size = 16;
  /// Budget for name resolution, connecting and the handshake together.
  std::chrono::milliseconds connection_timeout = std::chrono::seconds(5);
  /// Budget of one operation, connecting included, where a call names none.
  std::chrono::milliseconds operation_timeout = std::chrono::milliseconds(500);
  /// Shown by the server's `CLIENT LIST`; empty: none.
  std::string client_name = "cachekit";
  /// Above this a value is `too_large` (the server's own default bound).
  Bytes max_value = mebibytes(512);
  /// Whether leases are given (`operation::LeaseGet`). What stores or removes an entry then voids
  /// the lease of its key, by a script. So all that write these keys need it: what they change
  /// without it, or by `command` and `RedisTransaction`, voids nothing.
  bool leases = false;
  /// How many requests, and bytes of them, may wait for their reply on the connection that callers
  /// share; then calls are `overloaded` at once. As many asynchronous ones may wait for the
  /// connection itself. Most users leave this alone.
  std::size_t max_in_flight = 10'000;
  Bytes max_in_flight_bytes = mebibytes(64);
};

/// A cache on one Redis server (4.0 or newer).
///
/// Threads: all members may be called from any thread at once.
class CACHEKIT_API RedisBackend final : public CacheBackend {
 public:
  explicit RedisBackend(const RedisConfig& config = {});
  ~RedisBackend() override;

  /// Any Redis command with its typed reply: `command({"HSET", "user:1", "name", "Ada"})`.
  ///
  /// Cost: one that may wait at the server (BLPOP, XREAD with BLOCK, WAIT, ...), or that is none of
  /// Redis 8 and Valkey 8 (those of modules), opens a connection of its own.
  /// Errors: the server's words for an error reply, with the code that tells what to do: mostly
  /// `rejected`; `unsupported` where it does not know the command, `unavailable` where it cannot
  /// serve just now (LOADING, CLUSTERDOWN), nor until the budget has ended: it is asked again
  /// meanwhile, but for scripts that may write (EVAL, EVALSHA, FCALL), whose words these can be,
  /// and on a connection of its own. `invalid_argument` for commands that change the state of a
  /// connection (SELECT, MULTI, SUBSCRIBE, AUTH, ...): they belong to `RedisConfig`,
  /// `transaction()` and `Subscriber`. A command that is not known to be read-only is never sent
  /// twice; lost replies are `outcome_unknown`.
  ///
  /// Order: what opens a connection of its own does not wait for asynchronous calls that the same
  /// thread has under way, and may reach the server before them. Await those first.
  [[nodiscard]] Result<RedisReply> command(std::span<const std::string_view> arguments,
                                           const CallOptions& options = {});
  [[nodiscard]] Result<RedisReply> command(std::initializer_list<std::string_view> arguments,
                                           const CallOptions& options = {});

  /// Opens a transaction on a connection of its own. The timeout is that of opening it, and of each
  /// of its steps. Order: as for such a `command`.
  [[nodiscard]] Result<RedisTransaction> transaction(const CallOptions& options = {});

  /// Sends a message to a channel's subscribers; gives how many received it.
  [[nodiscard]] Result<std::int64_t> publish(std::string_view channel, std::string_view message,
                                             const CallOptions& options = {});

  /// A subscriber on a connection of its own, not yet connected.
  [[nodiscard]] Subscriber subscriber() const;
};

}  // namespace cachekit
