#include "net/connection.hpp"
#include "redis/client.hpp"

#include <cachekit/redis_subscriber.hpp>

#include <deque>
#include <set>
#include <utility>

namespace cachekit {
namespace {

using redis::Pipeline;
using redis::Replay;
using redis::Session;

// ["message", channel, payload] or ["pmessage", pattern, channel, payload]; else empty.
std::optional<Message> message_of(RedisReply& reply) {
  auto& parts = reply.elements;
  if (parts.size() == 3 && parts[0].text == "message") {
    return Message{std::move(parts[1].text), {}, std::move(parts[2].text)};
  }
  if (parts.size() == 4 && parts[0].text == "pmessage") {
    return Message{std::move(parts[2].text), std::move(parts[1].text), std::move(parts[3].text)};
  }
  return std::nullopt;
}

// A (un)subscription: messages of earlier ones may come before its confirmation.
class SubscriptionRequest final : public Pipeline {
 public:
  SubscriptionRequest(std::string_view verb, std::string_view name, std::deque<Message>& inbox)
      : Pipeline(Replay::no), inbox_(inbox) {
    add({verb, name}, redis::only_array);
  }

  [[nodiscard]] redis::Accepted accept(RedisReply&& reply) override {
    if (auto message = message_of(reply)) {
      inbox_.push_back(*std::move(message));
      return redis::Accepted::more;
    }
    return Pipeline::accept(std::move(reply));
  }

 private:
  std::deque<Message>& inbox_;
};

}  // namespace

class Subscriber::Impl {
 public:
  explicit Impl(const RedisConfig& config) : client_(config) {}

  Result<void> change(std::string_view verb, std::string_view name) {
    if (name.empty()) return fail(Errc::invalid_argument, "a channel must have a name");
    return connected().and_then([&] { return send(verb, name); });
  }

  // Connects and repeats every subscription, where there is no connection.
  Result<void> connected() {
    if (connection_ && connection_->usable()) return {};
    auto opened = client_.dedicated(Deadline::after(client_.config().connection_timeout));
    if (!opened) return fail(std::move(opened).error());
    connection_ = *std::move(opened);
    session().expect_messages();
    for (const std::string& channel : channels) {
      if (Result<void> sent = send("SUBSCRIBE", channel); !sent) return sent;
    }
    for (const std::string& pattern : patterns) {
      if (Result<void> sent = send("PSUBSCRIBE", pattern); !sent) return sent;
    }
    return {};
  }

  Result<std::optional<Message>> next(std::chrono::milliseconds wait) {
    const Deadline deadline = Deadline::after(wait);
    if (Result<void> ready = connected(); !ready) return fail(std::move(ready).error());
    while (true) {
      if (!inbox_.empty()) {
        Message message = std::move(inbox_.front());
        inbox_.pop_front();
        return message;
      }
      Result<std::optional<RedisReply>> reply = session().next_message();
      if (!reply) return lost(std::move(reply).error());
      if (*reply) {
        if (auto message = message_of(**reply)) inbox_.push_back(*std::move(message));
        continue;
      }
      const Result<bool> came = connection_->receive(deadline);
      if (!came) return lost(came.error());
      if (!*came) return std::nullopt;
    }
  }

  std::set<std::string, std::less<>> channels;
  std::set<std::string, std::less<>> patterns;

 private:
  Session& session() { return static_cast<Session&>(connection_->session()); }

  Result<void> send(std::string_view verb, std::string_view name) {
    SubscriptionRequest request(verb, name, inbox_);
    Result<void> done =
        connection_->exchange(request, Deadline::after(client_.config().operation_timeout));
    if (!done) {
      connection_.reset();
      // Repeating a subscription does no harm, so nothing is in doubt.
      Error error = std::move(done).error();
      if (error.code == Errc::outcome_unknown) error.code = Errc::unavailable;
      return fail(std::move(error));
    }
    return redis::checked(std::move(request.replies().front()), client_.endpoint())
        .map([](const RedisReply&) {});
  }

  tl::unexpected<Error> lost(Error error) {
    connection_.reset();
    error.endpoint = client_.endpoint();
    error.hint = "call next() again to reconnect; messages may have been missed";
    return fail(std::move(error));
  }

  redis::Client client_;
  std::unique_ptr<net::Connection> connection_;
  std::deque<Message> inbox_;
};

Subscriber::Subscriber(const RedisConfig& config) : impl_(std::make_unique<Impl>(config)) {}
Subscriber::Subscriber(Subscriber&&) noexcept = default;
Subscriber& Subscriber::operator=(Subscriber&&) noexcept = default;
Subscriber::~Subscriber() = default;

Result<void> Subscriber::subscribe(std::string_view channel) {
  return impl_->change("SUBSCRIBE", channel).map([&] { impl_->channels.emplace(channel); });
}

Result<void> Subscriber::subscribe_pattern(std::string_view pattern) {
  return impl_->change("PSUBSCRIBE", pattern).map([&] { impl_->patterns.emplace(pattern); });
}

Result<void> Subscriber::unsubscribe(std::string_view channel) {
  impl_->channels.erase(std::string(channel));
  return impl_->change("UNSUBSCRIBE", channel);
}

Result<void> Subscriber::unsubscribe_pattern(std::string_view pattern) {
  impl_->patterns.erase(std::string(pattern));
  return impl_->change("PUNSUBSCRIBE", pattern);
}

Result<std::optional<Message>> Subscriber::next(std::chrono::milliseconds wait) {
  return impl_->next(wait);
}

}  // namespace cachekit
