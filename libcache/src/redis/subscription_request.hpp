#pragma once

#include "redis/session.hpp"

#include <cachekit/error.hpp>
#include <cachekit/redis_subscriber.hpp>

#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cachekit::redis {

/// What has come and was not told yet: messages, and between them where a connection was lost.
using Inbox = std::deque<std::variant<Message, Error>>;

/// Appends what a reply publishes: ["message", channel, payload] or ["pmessage", pattern, channel,
/// payload]. False when it is no such thing.
bool take_messages(RedisReply& reply, Inbox& inbox);

/// (Un)subscriptions, a name each, so that one that is refused takes no other with it. Messages of
/// earlier ones may come before their confirmations. Repeating them does no harm.
class SubscriptionRequest final : public Pipeline {
 public:
  /// Lifetime: of both, longer. `troubles`: messages that could not be taken.
  SubscriptionRequest(Inbox& inbox, std::vector<Error>& troubles)
      : Pipeline(Idempotent::yes), inbox_(inbox), troubles_(troubles) {}

  void ask(std::string_view verb, std::string_view name);
  [[nodiscard]] Accepted accept(RedisReply&& reply) override;

 private:
  struct Asked {
    std::string verb;
    std::string name;

    [[nodiscard]] bool confirmed_by(const RedisReply& reply) const;
  };

  Inbox& inbox_;
  std::vector<Error>& troubles_;
  std::vector<Asked> asked_;  // One for each command.
};

}  // namespace cachekit::redis
