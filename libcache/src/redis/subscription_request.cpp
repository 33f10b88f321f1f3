#include "redis/subscription_request.hpp"

#include "redis/dropped_reply.hpp"
#include "redis/error_map.hpp"
#include "redis/upper.hpp"

#include <optional>
#include <utility>

namespace cachekit::redis {

bool take_messages(RedisReply& reply, Inbox& inbox) {
  auto& parts = reply.elements;
  const bool plain = parts.size() == 3 && parts[0].text == "message";
  const bool matched = parts.size() == 4 && parts[0].text == "pmessage";
  if (!plain && !matched) return false;
  RedisReply& payload = parts.back();
  Message message{.channel = std::move(parts[matched ? 2 : 1].text)};
  if (matched) message.pattern = std::move(parts[1].text);
  if (payload.type != RedisReply::Type::array) {
    message.all_keys = payload.is_nil();
    message.payload = std::move(payload.text);
    inbox.push_back(std::move(message));
    return true;
  }
  for (RedisReply& key : payload.elements) {
    message.payload = std::move(key.text);
    inbox.push_back(message);
  }
  return true;
}

void SubscriptionRequest::ask(std::string_view verb, std::string_view name) {
  asked_.push_back({std::string(verb), std::string(name)});
  add({verb, name}, only_array);
}

Accepted SubscriptionRequest::accept(RedisReply&& reply) {
  if (take_messages(reply, inbox_)) return Accepted::more;
  if (!reply.is_error()) {
    if (!asked_[replies().size()].confirmed_by(reply)) return Accepted::impossible;
    return Pipeline::accept(std::move(reply));
  }
  // What was too large was a message. For what there was no memory cannot be told.
  if (is_for_want_of_memory(reply.text)) return Accepted::no_memory;
  std::optional<Error> dropped = error_of_dropped(reply.text, {});
  if (!dropped) return Pipeline::accept(std::move(reply));
  troubles_.push_back(*std::move(dropped));
  return Accepted::more;
}

bool SubscriptionRequest::Asked::confirmed_by(const RedisReply& reply) const {
  const auto& parts = reply.elements;
  return parts.size() == 3 && upper(parts[0].text) == verb && parts[1].text == name;
}

}  // namespace cachekit::redis
