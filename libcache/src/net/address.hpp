#pragma once

#include <cstdint>
#include <string>

namespace cachekit::net {

/// Where a peer listens: a host name or address with a port, or a unix socket's path.
struct Address {
  std::string host{};
  std::uint16_t port = 0;
  std::string path{};  ///< Of a unix socket; host and port are not used when it is set.

  [[nodiscard]] bool is_unix() const noexcept { return !path.empty(); }
  /// "host:port", "[v6]:port" or the path; for messages and reports.
  [[nodiscard]] std::string endpoint() const;

  friend bool operator==(const Address&, const Address&) = default;
};

}  // namespace cachekit::net
