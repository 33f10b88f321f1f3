#pragma once

#include <cachekit/redis.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit {

/// One published message.
struct Message {
  std::string channel{};
  std::string pattern{};  ///< The pattern that matched; empty for a plain subscription.
  std::string payload{};
};

/// Receives published messages on a connection of its own.
///
/// After a lost connection `next` gives `unavailable` once (messages may have been missed) and the
/// call after it reconnects and subscribes again to everything. Threads: one at a time.
class Subscriber {
 public:
  explicit Subscriber(const RedisConfig& config);
  Subscriber(Subscriber&&) noexcept;
  Subscriber& operator=(Subscriber&&) noexcept;
  ~Subscriber();

  /// Returns when the server has confirmed; messages published from then on are seen.
  [[nodiscard]] Result<void> subscribe(std::string_view channel);
  [[nodiscard]] Result<void> subscribe_pattern(std::string_view pattern);
  [[nodiscard]] Result<void> unsubscribe(std::string_view channel);
  [[nodiscard]] Result<void> unsubscribe_pattern(std::string_view pattern);

  /// The next message, or an empty optional when none came within `wait` (`forever` to wait
  /// without limit).
  [[nodiscard]] Result<std::optional<Message>> next(std::chrono::milliseconds wait);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cachekit
