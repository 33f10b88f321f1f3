#pragma once

#include "support/loopback.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace cachekit::test {

/// A peer that knows the classic commands only: it passes them on to a real server, and answers a
/// meta command as an old server does (an error) or as some proxies do (it closes).
class ClassicProxy {
 public:
  enum class Manner { answers_error, closes };

  ClassicProxy(std::uint16_t server_port, Manner manner);
  ~ClassicProxy();
  ClassicProxy(const ClassicProxy&) = delete;
  ClassicProxy& operator=(const ClassicProxy&) = delete;

  [[nodiscard]] std::string endpoint() const;
  /// How many meta commands came.
  [[nodiscard]] int meta_commands() const noexcept { return meta_commands_.load(); }

 private:
  class Relay;

  void accept_all();

  const std::uint16_t server_port_;
  const Manner manner_;
  Descriptor listener_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> meta_commands_{0};
  std::vector<std::thread> relays_;  // Touched by acceptor_ alone until it has ended.
  std::thread acceptor_;
};

}  // namespace cachekit::test
