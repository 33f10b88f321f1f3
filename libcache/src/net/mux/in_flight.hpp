#pragma once

#include "net/request.hpp"

#include <cachekit/error.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <string>

namespace cachekit::net {

/// Requests that are in one place, and about how many bytes they keep there. Changed under the lock
/// of that place, read without it.
struct Load {
  std::atomic<std::size_t> requests{0};
  std::atomic<std::size_t> bytes{0};

  /// May be out of date at once.
  [[nodiscard]] std::size_t count() const noexcept {
    return requests.load(std::memory_order_relaxed);
  }
  void add(std::size_t size) noexcept {
    requests.store(requests.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    bytes.store(bytes.load(std::memory_order_relaxed) + size, std::memory_order_relaxed);
  }
  void remove(std::size_t size) noexcept {
    requests.store(requests.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    bytes.store(bytes.load(std::memory_order_relaxed) - size, std::memory_order_relaxed);
  }
};

/// The bounds of all that a node has been asked and has not answered yet, wherever it waits: for a
/// connection, to be sent, or for its reply.
///
/// Threads: `full` and `too_much` any at once; `count` before that. Limits: callers that come at
/// the same time may all find room for the last one.
class InFlightBounds {
 public:
  InFlightBounds(std::size_t max_requests, std::size_t max_bytes) noexcept
      : max_requests_(max_requests), max_bytes_(max_bytes) {}

  /// Takes a place into account. Lifetime: the load's, as long as anybody asks.
  void count(const Load& load) noexcept { loads_[places_++] = &load; }

  [[nodiscard]] bool full() const noexcept;
  /// Whether there is room for this one: always for what ends a change that was begun.
  [[nodiscard]] bool admits(const Request& request) const noexcept {
    return request.is_follow_up() || !full();
  }
  /// `overloaded`, with the figures; without memory for them, the code alone.
  [[nodiscard]] Error too_much(const std::string& endpoint) const noexcept;

 private:
  struct Sum {
    std::size_t requests = 0;
    std::size_t bytes = 0;
  };
  [[nodiscard]] Sum sum() const noexcept;

  const std::size_t max_requests_;
  const std::size_t max_bytes_;
  std::array<const Load*, 4> loads_{};  // Two lanes, each with what waits for its connection.
  std::size_t places_ = 0;
};

}  // namespace cachekit::net
