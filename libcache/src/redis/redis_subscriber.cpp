// A subscription is never silent about what it has missed: whatever breaks off half-way closes the
// connection, and the next call to `next` says so. What is to be restored is in `channels` and
// `patterns`; a name comes into them when the server has confirmed it, and leaves them when it is
// taken back or the server will not have it any more.
//
// `next` keeps to its time in everything: a connection that is being made, and a restoration that
// is under way, are gone on with by the next call.

#include "core/guarded.hpp"
#include "net/backoff.hpp"
#include "net/pool/connection.hpp"
#include "redis/client.hpp"
#include "redis/dropped_reply.hpp"
#include "redis/error_map.hpp"
#include "redis/subscription_request.hpp"

#include <cachekit/redis_subscriber.hpp>
#include <cachekit/runtime.hpp>

#include <deque>
#include <new>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

namespace cachekit {
namespace {

using redis::Inbox;
using redis::Session;
using redis::SubscriptionRequest;
using redis::take_messages;
using Type = RedisReply::Type;
using Names = std::set<std::string, std::less<>>;

// A name and the set that it belongs to, unless it is taken back meanwhile.
struct Wanted {
  Names* names;
  std::string name;
};

// All subscriptions on a new connection.
struct Restoration {
  SubscriptionRequest request;
  std::vector<Wanted> wanted;
  Deadline deadline;
};

}  // namespace

class Subscriber::Impl {
 public:
  explicit Impl(const RedisConfig& config) : client_(config) {}

  Result<void> subscribe(std::string_view verb, Names& names, std::string_view name) {
    return guarded([&]() -> Result<void> {
      Names fresh;  // Afterwards there may be no memory for it.
      fresh.emplace(name);
      Result<void> done = change(verb, name);
      if (done) names.merge(fresh);
      return done;
    });
  }

  Result<void> unsubscribe(std::string_view verb, Names& names, std::string_view name) {
    return guarded([&]() -> Result<void> {
      if (const auto found = names.find(name); found != names.end()) names.erase(found);
      return change(verb, name);
    });
  }

  Result<std::optional<Message>> next(std::chrono::milliseconds wait) {
    return guarded([&] { return next_before(Deadline::after(wait)); });
  }

  Names channels;
  Names patterns;

 private:
  Session& session() { return static_cast<Session&>(connection_->session()); }

  // Where there is no memory nobody knows how far a call has come, nor on which connection.
  template <typename Call>
  auto guarded(const Call& call) -> decltype(call()) {
    try {
      return call();
    } catch (const std::bad_alloc&) {
      lose(out_of_memory(Errc::unavailable));
      return fail(out_of_memory());
    }
  }

  bool still_there() noexcept {
    if (connection_ && !restoring_ && !connection_->usable())
      lose({Errc::unavailable, "connection lost", {}, {}});
    return connection_ != nullptr;
  }

  // Messages are missed from now on, which `next` has to tell.
  void lose(Error why) noexcept {
    if (!connection_) return;
    close();
    why.code = Errc::unavailable;  // However it was lost.
    try {
      const bool behind_loss = !inbox_.empty() && std::holds_alternative<Error>(inbox_.back());
      if (behind_loss) inbox_.pop_back();  // Nothing came in between.
      inbox_.emplace_back(std::move(why));
    } catch (const std::bad_alloc&) {  // Then what was not told yet is lost, too.
      inbox_.clear();
      loss_ = out_of_memory(Errc::unavailable);
    }
  }

  // The connection goes first: it knows the request.
  void close() noexcept {
    connection_.reset();
    restoring_.reset();
  }

  Result<void> change(std::string_view verb, std::string_view name) {
    if (name.empty()) return fail(Errc::invalid_argument, "a channel must have a name");
    // It takes no longer than what the configuration allows.
    if (Result<bool> ready = connected(Deadline::after(forever)); !ready) {
      return fail(std::move(ready).error());
    }
    SubscriptionRequest request(inbox_, troubles_);
    request.ask(verb, name);
    if (Result<void> done = exchange(request); !done) return done;
    return redis::checked(std::move(request.replies().front()), client_.endpoint())
        .map([](const RedisReply&) {});
  }

  Result<void> exchange(SubscriptionRequest& request) {
    const Deadline deadline = Deadline::after(client_.config().operation_timeout);
    Result<void> done = connection_->exchange(request, deadline);
    if (!done) lose(done.error());
    return done;
  }

  // Connects and repeats every subscription, where there is no connection. False when the deadline
  // came first.
  Result<bool> connected(Deadline deadline) {
    if (!still_there()) {
      Result<bool> open = opened(deadline);
      if (!open || !*open) return open;
    }
    if (!restoring_) return true;
    Result<bool> restored = restore(deadline);
    if (restored && !*restored) return restored;
    if (restored) {
      restoring_.reset();
      backoff_.succeeded();
    } else {
      lose(restored.error());  // What was restored has brought messages, and brings no more.
      backoff_.failed(Deadline::clock::now());
    }
    return restored;
  }

  // A server that would not restore is given some time, as one that cannot be reached.
  Result<bool> opened(Deadline deadline) {
    const auto due = backoff_.next();
    if (due > deadline.at()) {
      Runtime::system().sleep_until(deadline.at());
      return false;
    }
    Runtime::system().sleep_until(due);
    auto opened = client_.await_dedicated(deadline);
    if (!opened) return fail(std::move(opened).error());
    if (!*opened) return false;
    connection_ = *std::move(opened);
    session().expect_messages();
    return begin_restoring().map([] { return true; });
  }

  Result<void> begin_restoring() {
    if (channels.empty() && patterns.empty()) return {};
    restoring_ = std::make_unique<Restoration>(
        Restoration{SubscriptionRequest(inbox_, troubles_), {}, Deadline::after(forever)});
    const auto want = [&](std::string_view verb, Names& names) {
      for (const std::string& name : names) {
        restoring_->wanted.push_back({&names, name});
        restoring_->request.ask(verb, name);
      }
    };
    want("SUBSCRIBE", channels);
    want("PSUBSCRIBE", patterns);
    restoring_->deadline = Deadline::after(client_.config().operation_timeout);
    Result<void> begun = connection_->begin(restoring_->request);
    if (!begun) close();
    return begun;
  }

  // False when the deadline came first.
  Result<bool> restore(Deadline deadline) {
    const Deadline end = restoring_->deadline;
    Result<bool> answered = connection_->pump_until(earlier(deadline, end));
    if (!answered) return answered;
    if (!*answered && !end.expired()) return false;
    if (!*answered) return fail(connection_->give_up("no complete reply in time"));
    std::vector<RedisReply>& replies = restoring_->request.replies();
    for (std::size_t i = 0; i < replies.size(); ++i) {
      if (Result<void> kept = keep_or_forget(restoring_->wanted[i], replies[i]); !kept) {
        return fail(std::move(kept).error());
      }
    }
    return true;
  }

  // A name that the server refuses for good is told and forgotten.
  Result<void> keep_or_forget(const Wanted& wanted, const RedisReply& reply) {
    if (!reply.is_error()) return {};
    Error error = redis::error_of_reply(reply.text, client_.endpoint());
    error.message =
        fmt::format("the subscription to {} could not be restored: {}", wanted.name, error.message);
    if (error.code != Errc::rejected && error.code != Errc::unsupported) {
      return fail(std::move(error));
    }
    error.hint = "it is given up; subscribe again when the server allows it";
    troubles_.push_back(std::move(error));
    wanted.names->erase(wanted.name);  // Where it is still there.
    return {};
  }

  Result<std::optional<Message>> next_before(Deadline deadline) {
    int late = 0;  // Looks beyond the deadline: a message may be large, and come in parts.
    while (true) {
      if (!troubles_.empty()) return fail(take_trouble());
      if (loss_) return fail(told_loss(*std::exchange(loss_, std::nullopt)));
      if (!inbox_.empty()) return take_first();
      if (deadline.expired() && ++late > net::late_reads) return std::nullopt;
      const bool there = still_there();
      if (!there && untold()) continue;
      Result<bool> more = there && !restoring_ ? listen(deadline) : connected(deadline);
      if (!more && untold()) continue;  // What came before it comes first.
      if (!more) return fail(std::move(more).error());
      // Even a part of the replies may have brought messages, or troubles.
      if (!*more && !untold()) return std::nullopt;
    }
  }

  // Takes in a reply, or waits for the bytes of one; false when none came in time.
  Result<bool> listen(Deadline deadline) {
    Result<std::optional<RedisReply>> reply = session().next_message();
    if (!reply) {
      lose(std::move(reply).error());
      return true;
    }
    if (*reply) return heard(**std::move(reply)).map([] { return true; });
    Result<bool> came = connection_->receive(deadline);
    if (came) return came;
    lose(std::move(came).error());
    return true;
  }

  // Whatever is no message belongs to nobody, and neither does what comes after it.
  Result<void> heard(RedisReply&& reply) {
    if (take_messages(reply, inbox_)) return {};
    if (!reply.is_error()) {
      lose({Errc::protocol, "the server sent more than was asked for", {}, {}});
      return {};
    }
    if (auto dropped = redis::error_of_dropped(reply.text, client_.endpoint())) {
      return fail(*std::move(dropped));
    }
    lose(redis::error_of_reply(reply.text, client_.endpoint()));
    return {};
  }

  [[nodiscard]] bool untold() const noexcept {
    return loss_ || !inbox_.empty() || !troubles_.empty();
  }

  Result<std::optional<Message>> take_first() {
    std::variant<Message, Error> first = std::move(inbox_.front());
    inbox_.pop_front();
    if (auto* const message = std::get_if<Message>(&first)) return std::move(*message);
    return fail(told_loss(std::get<Error>(std::move(first))));
  }

  Error take_trouble() {
    Error error = std::move(troubles_.front());
    troubles_.erase(troubles_.begin());
    return error;
  }

  // Needs no memory where there is none.
  Error told_loss(Error error) const {
    try {
      error.endpoint = client_.endpoint();
      error.hint = "call next() again to reconnect; messages may have been missed";
    } catch (const std::bad_alloc&) {
      error.hint.clear();
    }
    return error;
  }

  redis::Client client_;
  std::unique_ptr<Restoration> restoring_;       // While that is under way.
  std::unique_ptr<net::Connection> connection_;  // Ends before the request that it knows.
  net::Backoff backoff_;                         // Of connections on which not all was restored.
  Inbox inbox_;
  std::vector<Error> troubles_;  // To be told, the oldest first.
  std::optional<Error> loss_;    // The same, where there was no memory to keep anything.
};

Subscriber::Subscriber(const RedisConfig& config) {
  try {
    impl_ = std::make_unique<Impl>(config);
  } catch (const std::bad_alloc&) {
    no_memory_ = true;
  }
}
Subscriber::Subscriber(Subscriber&&) noexcept = default;
Subscriber& Subscriber::operator=(Subscriber&&) noexcept = default;
Subscriber::~Subscriber() = default;

// Why there is nothing behind it.
Error Subscriber::missing() const {
  if (no_memory_) return out_of_memory();
  return {Errc::invalid_argument,
          "this subscriber was moved from",
          {},
          "use the one that it was moved to"};
}

Result<void> Subscriber::subscribe(std::string_view channel) {
  if (!impl_) return fail(missing());
  return impl_->subscribe("SUBSCRIBE", impl_->channels, channel);
}

Result<void> Subscriber::subscribe_pattern(std::string_view pattern) {
  if (!impl_) return fail(missing());
  return impl_->subscribe("PSUBSCRIBE", impl_->patterns, pattern);
}

Result<void> Subscriber::unsubscribe(std::string_view channel) {
  if (!impl_) return fail(missing());
  return impl_->unsubscribe("UNSUBSCRIBE", impl_->channels, channel);
}

Result<void> Subscriber::unsubscribe_pattern(std::string_view pattern) {
  if (!impl_) return fail(missing());
  return impl_->unsubscribe("PUNSUBSCRIBE", impl_->patterns, pattern);
}

Result<std::optional<Message>> Subscriber::next(std::chrono::milliseconds wait) {
  if (!impl_) return fail(missing());
  return impl_->next(wait);
}

}  // namespace cachekit
