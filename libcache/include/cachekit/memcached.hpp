#pragma once

#include <cachekit/backend.hpp>
#include <cachekit/export.hpp>
#include <cachekit/units.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit {

/// Where the Memcached servers are and how to talk to them. Every duration is finite by default; 0
/// is refused, no limit is spelled `cachekit::forever`.
struct MemcachedConfig {
  /// Required. Each "host", "host:port", "host:port:weight", "[v6]:port" or "/path/of/a.socket";
  /// the port's default is 11211, the weight's 1. The order does not matter for where keys go.
  std::vector<std::string> servers{};
  /// The most connections to each server that are open at once.
  std::size_t max_connections = 10;
  /// How many connections to each server `connect` opens and keeps.
  std::size_t min_connections = 2;
  /// Budget for name resolution, connecting and the handshake together.
  std::chrono::milliseconds connection_timeout = std::chrono::seconds(5);
  /// Budget of one operation, connecting included, where a call names none.
  std::chrono::milliseconds operation_timeout = std::chrono::milliseconds(500);
  /// Above this a value is `too_large` before anything is sent. The servers' own bound (`-I`,
  /// 1 MiB unless raised) applies as well and gives the same error.
  Bytes max_value = gibibytes(1);
  /// How many requests, and bytes of them, may wait for the reply of one server on the connection
  /// that callers share; then calls are `overloaded` at once. As many asynchronous ones may wait
  /// for the connection itself. Most users leave this alone.
  std::size_t max_in_flight = 10'000;
  Bytes max_in_flight_bytes = mebibytes(64);
};

/// A cache on one or many Memcached servers. Keys spread by weighted ketama, on the very ring that
/// libmemcached builds from the same list (MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED), so other clients
/// find what this one stored. The ring is fixed: a server that is down is an error for its own
/// keys, and they never move to a server that may give them back stale later.
///
/// It speaks the meta protocol (memcached 1.6), and the classic text commands to servers that do
/// not know it; there, `ttl` is `unsupported`, keys must be free of spaces and control bytes, and
/// an `async_increment` takes several steps, between which later calls for its key may come. TTLs
/// are whole seconds, rounded up. Counters are unsigned and stop at 0; one that lost a digit reads
/// back through `get` with a space after it, as the server stores it. What is a number to the
/// server alone ("05", "12 apples", 2^63 and more) is refused as elsewhere, and so is a sum of that
/// size: it is taken back, however many come side by side, unless it was written anew meanwhile.
/// Others may for a moment see it counted; an increment of theirs may be refused for it, or count
/// on from what came of a text or of a number that went round at 2^64. A value over the
/// server's own bound drops the entry that it was to replace, under `if_absent` too.
/// `CompareAndSet` reads the value with its version and stores under that version, two steps that
/// begin anew where others write in between, eight times at most, and that need a server with
/// versions (not `-C`). Leases are `unsupported`: a miss leaves nothing there that a removal could
/// void. A write that
/// is `outcome_unknown` may be carried out after a later one: each connection has a thread of the
/// server.
///
/// Threads: all members may be called from any thread at once.
/// Limits: keys of 250 bytes, of 186 where they hold spaces or control bytes; values as large as
/// the servers' `-I` allows, 1 MiB unless raised; no expiry after 2038-01-19.
class CACHEKIT_API MemcachedBackend final : public CacheBackend {
 public:
  explicit MemcachedBackend(MemcachedConfig config);
  ~MemcachedBackend() override;

  /// The endpoint of the server that owns a key.
  /// Errors: `invalid_argument` for a key or server list that is none.
  [[nodiscard]] Result<std::string> server_of(std::string_view key) const;
};

}  // namespace cachekit
