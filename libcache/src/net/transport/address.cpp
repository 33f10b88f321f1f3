#include "net/transport/address.hpp"

#include <cstddef>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace cachekit::net {

std::string Address::endpoint() const {
  if (is_unix()) return path;
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

const sockaddr* SocketAddress::get() const noexcept {
  return reinterpret_cast<const sockaddr*>(&storage);
}

std::uint16_t SocketAddress::port() const noexcept {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(get())->sin_port);
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(get())->sin6_port);
  return 0;
}

void SocketAddress::set_port(std::uint16_t port) noexcept {
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (family() == AF_INET) reinterpret_cast<sockaddr_in*>(address)->sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6*>(address)->sin6_port = htons(port);
}

bool operator==(const SocketAddress& a, const SocketAddress& b) noexcept {
  return a.length == b.length && std::memcmp(&a.storage, &b.storage, a.length) == 0;
}

SocketAddress SocketAddress::copy_of(const sockaddr* address, socklen_t length) noexcept {
  SocketAddress copy;
  std::memcpy(&copy.storage, address, length);
  copy.length = length;
  return copy;
}

std::optional<SocketAddress> SocketAddress::numeric(const std::string& host,
                                                    std::uint16_t port) noexcept {
  sockaddr_in v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return copy_of(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return copy_of(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  return std::nullopt;
}

Result<SocketAddress> SocketAddress::of_path(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) {
    return fail(
        Errc::invalid_argument,
        fmt::format("the path of a unix socket holds at most {} bytes", sizeof name.sun_path - 1),
        path);
  }
  path.copy(name.sun_path, path.size());
  return copy_of(reinterpret_cast<const sockaddr*>(&name), sizeof name);
}

}  // namespace cachekit::net
