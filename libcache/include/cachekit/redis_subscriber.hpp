#pragma once

#include <cachekit/export.hpp>
#include <cachekit/redis.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit {

/// One published message.
///
/// What a server says on "__redis__:invalidate" names keys instead: a message each, or one for all.
struct Message {
  std::string channel{};
  std::string pattern{};  ///< The pattern that matched; empty for a plain subscription.
  std::string payload{};
  bool all_keys = false;  ///< There was no payload: on "__redis__:invalidate" that means every key.
};

/// Receives published messages on a connection of its own.
///
/// What is missed is told. After a lost connection `next` gives `unavailable` once (messages may
/// have been missed) and the call after it reconnects and subscribes again to everything. A channel
/// that the server refuses then (its ACL has changed) is given up: `next` gives `rejected` with its
/// name, once, and goes on with the others. A message that is too large to be kept is `too_large`.
/// After a failure the next attempt has to wait, for 0.25 s at most. One that was moved from
/// refuses every call (`invalid_argument`), and so does one for which there was no memory
/// (`overloaded`).
///
/// Threads: one at a time.
class CACHEKIT_API Subscriber {
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
  /// without limit). Reconnecting is a part of that: where it takes longer, the next call goes on
  /// with it, and tells if it fails. Errors: see above; whatever it was, it may be called again.
  [[nodiscard]] Result<std::optional<Message>> next(std::chrono::milliseconds wait);

 private:
  class Impl;
  [[nodiscard]] Error missing() const;

  std::unique_ptr<Impl> impl_;
  bool no_memory_ = false;  // For impl_.
};

}  // namespace cachekit
