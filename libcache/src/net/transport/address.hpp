#pragma once

#include "core/internal.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <sys/socket.h>

namespace cachekit::net {

/// Where a peer listens: a host name or address with a port, or a unix socket's path.
struct CACHEKIT_INTERNAL Address {
  std::string host{};
  std::uint16_t port = 0;
  std::string path{};  ///< Of a unix socket; host and port are not used when it is set.

  [[nodiscard]] bool is_unix() const noexcept { return !path.empty(); }
  /// "host:port", "[v6]:port" or the path; for messages and reports.
  [[nodiscard]] std::string endpoint() const;

  friend bool operator==(const Address&, const Address&) = default;
};

/// Tells where a peer listens just now, for who is behind a name that stands for a role: asked at
/// each attempt to connect, from any thread, and may wait until the deadline.
using AddressSource = std::function<Result<Address>(Deadline deadline)>;

/// One of the addresses behind a name, as the system wants it for connecting.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] const sockaddr* get() const noexcept;
  [[nodiscard]] int family() const noexcept { return storage.ss_family; }
  /// 0 for a unix socket.
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// Does nothing to a unix socket.
  void set_port(std::uint16_t port) noexcept;
  friend bool operator==(const SocketAddress& a, const SocketAddress& b) noexcept;

  /// A copy of what the system gave. Requires: `length` is no more than `storage` holds.
  [[nodiscard]] static SocketAddress copy_of(const sockaddr* address, socklen_t length) noexcept;
  /// The address that is written out in `host`, or empty where that is a name.
  [[nodiscard]] static std::optional<SocketAddress> numeric(const std::string& host,
                                                            std::uint16_t port) noexcept;
  /// Of a unix socket. Errors: `invalid_argument` for a path that is too long for one.
  [[nodiscard]] static Result<SocketAddress> of_path(const std::string& path);
};

}  // namespace cachekit::net
