#include "net/address.hpp"

#include <fmt/format.h>

namespace cachekit::net {

std::string Address::endpoint() const {
  if (is_unix()) return path;
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace cachekit::net
