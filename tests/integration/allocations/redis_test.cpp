// What only Redis has, with each allocation failing in turn.

#include "rig.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"

#include <cachekit/redis.hpp>
#include <cachekit/redis_subscriber.hpp>
#include <cachekit/redis_transaction.hpp>

#include <bitset>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

struct RedisRig : Rig {
  RedisRig() : Rig(Kind::redis) {}
  [[nodiscard]] RedisBackend& redis() { return dynamic_cast<RedisBackend&>(cache()); }
  [[nodiscard]] RedisBackend& others() { return dynamic_cast<RedisBackend&>(truth()); }
  [[nodiscard]] Subscriber subscriber() const {
    return Subscriber({.host = "127.0.0.1",
                       .port = server().port(),
                       .connection_timeout = patience,
                       .operation_timeout = patience});
  }
};

constexpr const char* channel = "a channel of a length that needs memory";
constexpr std::size_t keys_to_find = 60;

// Which of the keys "scan:0" and so on were seen. It needs no memory.
using Seen = std::bitset<keys_to_find>;

bool note(Seen& seen, std::string_view key) {
  if (!key.starts_with("scan:")) return true;
  std::size_t number = 0;
  for (const char digit : key.substr(5))
    number = number * 10 + static_cast<std::size_t>(digit - '0');
  if (number < seen.size()) seen.set(number);
  return true;
}

// As long as it takes for the subscriber to be back. It has heard all that was published then.
void check_that_it_hears(RedisRig& rig, Subscriber& subscriber) {
  int attempts = 0;
  CHECK(eventually([&] {
    static_cast<void>(subscriber.next(1ms));  // Connects and subscribes, where that is needed.
    const std::string text = "attempt " + std::to_string(++attempts);
    static_cast<void>(rig.others().publish(channel, text));
    while (true) {
      const auto message = subscriber.next(1s);
      if (!message || !*message) return false;
      if ((*message)->payload == text) return true;
    }
  }));
}

}  // namespace

TEST_CASE("a command for which there is no memory gives its reply or an error",
          "[allocations][redis]") {
  const Scope scope = GENERATE(Scope::thread, Scope::process);
  RedisRig rig;
  for (int i = 0; i < 30; ++i) {
    must(rig.others().command({"RPUSH", "list", "the element with number " + std::to_string(i)}));
  }
  with_each_failure(
      "command", scope, [] {},
      [&] {
        return rig.redis().command({"LRANGE", "list", "0", "-1"});
      },
      [&](const Result<RedisReply>& outcome) {
        if (checked_code(outcome) == "no error") {
          REQUIRE(outcome->elements.size() == 30);
          CHECK(outcome->elements[0].text == "the element with number 0");
          CHECK(outcome->elements[29].text == "the element with number 29");
        }
        rig.check_neighbours();
      });
}

TEST_CASE("a command that writes is done, or is an error that tells, where there is no memory",
          "[allocations][redis]") {
  const Scope scope = GENERATE(Scope::thread, Scope::process);
  RedisRig rig;
  std::int64_t length = 0;
  with_each_failure(
      "command that writes", scope, [] {},
      [&] {
        return rig.redis().command({"RPUSH", "list", "an element of a length that needs memory"});
      },
      [&](const Result<RedisReply>& outcome) {
        const std::string code = checked_code(outcome);
        rig.check_neighbours();
        const auto now = must(rig.others().command({"LLEN", "list"})).integer;
        INFO(code);
        if (code == "no error") CHECK(now == length + 1);
        if (code == "outcome_unknown") CHECK((now == length || now == length + 1));
        if (code != "no error" && code != "outcome_unknown") CHECK(now == length);
        length = now;
      });
}

TEST_CASE("a command with long names and a large value is done or is an error that tells",
          "[allocations][redis]") {
  const Scope scope = GENERATE(Scope::thread, Scope::process);
  const std::size_t size = GENERATE(std::size_t{40}, std::size_t{100'000});
  RedisRig rig;
  const std::string key = "the key of a value, too long for a string object";
  std::size_t number = 0;
  std::string value;
  std::optional<std::string> before;
  with_each_failure(
      "command with a long name", scope,
      [&] { value = std::to_string(++number) + std::string(size, '.'); },
      [&] {
        return rig.redis().command({"set", key, value});
      },
      [&](const Result<RedisReply>& outcome) {
        const std::string code = checked_code(outcome);
        rig.check_neighbours();
        const auto seen = must(rig.truth().get(key));
        check_written(code, seen, before, value);
        before = seen;
      });
}

TEST_CASE("a large reply for which there is no memory is an error, and the next one is right",
          "[allocations][redis]") {
  const Scope scope = GENERATE(Scope::thread, Scope::process);
  RedisRig rig;
  const std::string key = "the key of a value, too long for a string object";
  must(rig.truth().set(key, std::string(100'000, '.')));
  with_each_failure(
      "command with a large reply", scope, [] {},
      [&] {
        return rig.redis().command({"GETRANGE", key, "0", "-1"});
      },
      [&](const Result<RedisReply>& outcome) {
        if (checked_code(outcome) == "no error") CHECK(outcome->text.size() == 100'000);
        rig.check_neighbours();
      });
}

TEST_CASE("an error reply to what was done is told, or leaves the outcome open",
          "[allocations][redis]") {
  const Scope scope = GENERATE(Scope::thread, Scope::process);
  RedisRig rig;
  const std::string key = "a counter with a name that needs memory";
  const std::string script =
      "redis.call('INCR', KEYS[1]) return redis.error_reply('ERR " + std::string(100, 'x') + "')";
  std::int64_t count = 0;
  with_each_failure(
      "command with an error reply", scope, [] {},
      [&] {
        return rig.redis().command({"EVAL", script, "1", key});
      },
      [&](const Result<RedisReply>& outcome) {
        const std::string code = code_of(outcome);
        rig.check_neighbours();
        const auto now = must(rig.truth().increment(key, 0));
        INFO(code);
        CHECK(code != "no error");
        if (code == "rejected") CHECK(now == count + 1);
        if (code == "outcome_unknown") CHECK((now == count || now == count + 1));
        if (code != "rejected" && code != "outcome_unknown") CHECK(now == count);
        count = now;
      });
}

TEST_CASE("a command on its own connection is done or is an error that tells",
          "[allocations][redis]") {
  const Scope scope = GENERATE(Scope::thread, Scope::process);
  RedisRig rig;
  const std::string list = "a list with a name that needs memory";
  with_each_failure(
      "command on its own connection", scope,
      [&] {
        must(rig.others().remove(list));
        must(rig.others().command({"RPUSH", list, "an element of a length that needs memory"}));
      },
      [&] {
        return rig.redis().command({"BLPOP", list, "1"});
      },
      [&](const Result<RedisReply>& outcome) {
        const std::string code = checked_code(outcome);
        rig.check_neighbours();
        const bool taken = !must(rig.truth().exists(list));
        INFO(code);
        if (code == "no error") CHECK(outcome->elements.size() == 2);
        if (code == "no error") CHECK(taken);
        if (code != "no error" && code != "outcome_unknown") CHECK_FALSE(taken);
      });
}

TEST_CASE("a publish for which there is no memory is done or is an error that tells",
          "[allocations][redis]") {
  const Scope scope = GENERATE(Scope::thread, Scope::process);
  const std::size_t size = GENERATE(std::size_t{40}, std::size_t{100'000});
  RedisRig rig;
  Subscriber subscriber = rig.subscriber();
  must(subscriber.subscribe(channel));
  const std::string text(size, '.');
  with_each_failure(
      "publish", scope, [] {}, [&] { return rig.redis().publish(channel, text); },
      [&](const Result<std::int64_t>& outcome) {
        const std::string code = checked_code(outcome);
        rig.check_neighbours();
        CHECK(must(rig.others().publish(channel, "the end")) == 1);
        const bool heard = must(subscriber.next(patience)).value().payload == text;
        if (heard) CHECK(must(subscriber.next(patience)).value().payload == "the end");
        INFO(code);
        if (code == "no error") CHECK((heard && *outcome == 1));
        if (code != "no error" && code != "outcome_unknown") CHECK_FALSE(heard);
      });
}

TEST_CASE("a scan for which there is no memory visits every key or ends with an error",
          "[allocations][redis]") {
  const Scope scope = GENERATE(Scope::thread, Scope::process);
  RedisRig rig;
  for (std::size_t i = 0; i < keys_to_find; ++i) {
    must(rig.truth().set("scan:" + std::to_string(i), "v"));
  }
  Seen seen;
  const ScanOptions options{.pattern = "scan:*", .page_size = 20};
  const CacheBackend::KeyVisitor visit = [&seen](std::string_view key) { return note(seen, key); };
  with_each_failure(
      "scan", scope, [&] { seen.reset(); }, [&] { return rig.cache().scan(options, visit); },
      [&](const Result<void>& outcome) {
        if (checked_code(outcome) == "no error") CHECK(seen.all());
        rig.check_neighbours();
      });
}

TEST_CASE("a transaction for which there is no memory is done as a whole or not at all",
          "[allocations][redis]") {
  const Scope scope = GENERATE(Scope::thread, Scope::process);
  RedisRig rig;
  const std::string first = "a first counter with a name that needs memory";
  const std::string second = "a second counter with a name that needs memory";
  std::int64_t count = 0;
  using Replies = Result<std::optional<std::vector<RedisReply>>>;
  with_each_failure(
      "transaction", scope, [] {},
      [&]() -> Replies {
        auto transaction = rig.redis().transaction();
        if (!transaction) return fail(std::move(transaction.error()));
        auto watched = transaction->watch({"first", first});
        if (!watched) return fail(std::move(watched.error()));
        auto seen = transaction->command({"GET", first});
        if (!seen) return fail(std::move(seen.error()));
        transaction->queue({"INCR", first});
        transaction->queue({"INCR", second});
        return transaction->execute();
      },
      [&](const Replies& outcome) {
        const std::string code = checked_code(outcome);
        rig.check_neighbours();
        const auto now = must(rig.truth().increment(first, 0));
        CHECK(must(rig.truth().increment(second, 0)) == now);
        INFO(code);
        if (code == "no error") CHECK((*outcome && (*outcome)->size() == 2));
        if (code == "no error") CHECK(now == count + 1);
        if (code == "outcome_unknown") CHECK((now == count || now == count + 1));
        if (code != "no error" && code != "outcome_unknown") CHECK(now == count);
        count = now;
      });
}

TEST_CASE("a subscription for which there is no memory is confirmed or is an error",
          "[allocations][redis]") {
  const Scope scope = GENERATE(Scope::thread, Scope::process);
  RedisRig rig;
  std::optional<Subscriber> subscriber;
  with_each_failure(
      "subscribe", scope, [&] { subscriber.emplace(rig.subscriber()); },
      [&] { return subscriber->subscribe(channel); },
      [&](const Result<void>& outcome) {
        if (checked_code(outcome) == "no error") {
          CHECK(must(rig.others().publish(channel, "heard")) > 0);
          const auto message = must(subscriber->next(patience));
          CHECK((message && message->payload == "heard"));
        } else {
          // It may be retried with the same object.
          CHECK(eventually([&] { return subscriber->subscribe(channel).has_value(); }));
          check_that_it_hears(rig, *subscriber);
        }
      });
}

TEST_CASE("a subscriber for which there is no memory says so when it is used",
          "[allocations][redis]") {
  const Scope scope = GENERATE(Scope::thread, Scope::process);
  RedisRig rig;
  with_each_failure(
      "subscriber", scope, [] {}, [&] { return rig.redis().subscriber(); },
      [&](Subscriber& subscriber) {
        const std::string code = code_of(subscriber.subscribe(channel));
        CHECK((code == "no error" || code == "overloaded"));
      });
}

TEST_CASE("a message for which there is no memory is delivered, or its loss is an error",
          "[allocations][redis]") {
  const Scope scope = GENERATE(Scope::thread, Scope::process);
  RedisRig rig;
  Subscriber subscriber = rig.subscriber();
  must(subscriber.subscribe(channel));
  int number = 0;
  std::string text;
  with_each_failure(
      "next", scope,
      [&] {
        text = "a message of some length with number " + std::to_string(++number);
        check_that_it_hears(rig, subscriber);
        CHECK(must(rig.others().publish(channel, text)) > 0);
      },
      [&] { return subscriber.next(patience); },
      [&](const Result<std::optional<Message>>& outcome) {
        if (checked_code(outcome) != "no error") return;
        REQUIRE(*outcome);
        CHECK((*outcome)->payload == text);
        CHECK((*outcome)->channel == channel);
      });
}
