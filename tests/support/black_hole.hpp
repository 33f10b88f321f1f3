#pragma once

#include "support/loopback.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cachekit::test {

/// A port whose queue of new connections is full: connecting neither succeeds nor fails.
class BlackHole {
 public:
  BlackHole();
  [[nodiscard]] std::uint16_t port() const { return port_of(listener_); }
  [[nodiscard]] std::string endpoint() const { return "127.0.0.1:" + std::to_string(port()); }

 private:
  Descriptor listener_;
  std::vector<Descriptor> queue_;
};

}  // namespace cachekit::test
