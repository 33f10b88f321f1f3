// Bytes that nobody asked for: whenever they are seen, the connection is closed before any reply is
// handed out, so that no request gets what belongs to none, or to another one.

#include "rig.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"
#include "talking_server.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;

namespace {

using Value = std::optional<std::string>;

// A client, and a server that talks too much.
struct Talk {
  explicit Talk(Kind kind) : server(kind), cache(client_of(kind, server.port())) {}
  ~Talk() { CHECK(server.failures().empty()); }
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  TalkingServer server;
  std::unique_ptr<CacheBackend> cache;

  // A right value, or an error.
  static void check(const std::string& key, const Result<Value>& outcome) {
    if (!outcome) return;
    INFO("the value of " << key << " was " << outcome->value_or("a miss").substr(0, 40));
    CHECK((*outcome == TalkingServer::value_of(key)));
  }
  // What was there has ended, and whatever is asked now gets its own answer.
  void check_that_all_is_well() {
    for (int i = 0; i < 20; ++i) {
      const std::string key = "k" + std::to_string(i);
      check(key, cache->get(key));
      check(key, cache->async_get(key).get());
    }
    CHECK(eventually([&] { return server.ended() > 0; }));
    CHECK(must(cache->get("last")) == TalkingServer::value_of("last"));
  }
};

const std::string stray_value = "BAD";
const std::string doubtful = "doubtful";

// What no look-up is ever answered by.
constexpr std::array of_redis{":5\r\n", "*1\r\n:5\r\n", "+OK\r\n"};
constexpr std::array of_memcached{"MN\r\n", "NS\r\n", "5\r\n"};

}  // namespace

TEST_CASE("a reply that comes on an idle connection is nobody's", "[faults][unsolicited]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Talk talk(kind);
  CHECK(must(talk.cache->get("first")) == TalkingServer::value_of("first"));
  SECTION("before a get") {
    talk.server.interject(talk.server.look_up_reply(stray_value));
    Talk::check("second", talk.cache->get("second"));
  }
  SECTION("before an async_get") {
    talk.server.interject(talk.server.look_up_reply(stray_value));
    Talk::check("second", talk.cache->async_get("second").get());
  }
  SECTION("before a set") {
    talk.server.interject(talk.server.store_reply());
    static_cast<void>(talk.cache->set("second", "v"));
    static_cast<void>(talk.cache->async_set("second", "v").get());
  }
  SECTION("before an increment") {
    talk.server.interject(talk.server.count_reply(7));
    const auto sum = talk.cache->increment("n");
    if (sum) CHECK(*sum == 1);
  }
  SECTION("before a batch") {
    talk.server.interject(talk.server.look_up_reply(stray_value));
    const std::vector<std::string_view> keys{"a", "b", "c"};
    const auto outcomes = talk.cache->get_many(keys);
    REQUIRE(outcomes.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) Talk::check(std::string(keys[i]), outcomes[i]);
  }
  SECTION("a part of one") {
    talk.server.interject(talk.server.look_up_reply(stray_value).substr(0, 2));
    Talk::check("second", talk.cache->get("second"));
  }
  SECTION("many of them") {
    std::string many;
    for (int i = 0; i < 1'000; ++i) many += talk.server.look_up_reply(stray_value);
    talk.server.interject(many);
    Talk::check("second", talk.cache->get("second"));
  }
  talk.check_that_all_is_well();
}

TEST_CASE("a set that the server refuses is not taken for done because of a stray reply",
          "[faults][unsolicited]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Talk talk(kind);
  must(talk.cache->get("first"));
  talk.server.answer_once(1, kind == Kind::redis ? "-OOM command not allowed\r\n" : "NS\r\n");
  talk.server.interject(talk.server.store_reply());
  const auto outcome = talk.cache->set("k", "v");
  INFO(code_of(outcome));
  CHECK(outcome != true);
  talk.check_that_all_is_well();
}

TEST_CASE("a reply that comes on the idle connection of a large value is nobody's",
          "[faults][unsolicited]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Talk talk(kind);
  const bool writes = GENERATE(false, true);
  // From the second time on, it is known to be large.
  for (int i = 0; i < 3; ++i) {
    CHECK((must(talk.cache->get("large")) == TalkingServer::value_of("large")));
  }
  const std::string value(100'000, 'x');
  if (writes) must(talk.cache->set("k", value));
  talk.server.interject(writes ? talk.server.store_reply()
                               : talk.server.look_up_reply(stray_value));
  if (writes) static_cast<void>(talk.cache->set("k", value));
  for (int i = 0; i < 5; ++i) Talk::check("large", talk.cache->get("large"));
  talk.check_that_all_is_well();
}

TEST_CASE("a reply that comes on a connection that was just opened is nobody's",
          "[faults][unsolicited]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Talk talk(kind);
  talk.server.greet_with(talk.server.look_up_reply(stray_value), 2);
  for (int i = 0; i < 3; ++i) Talk::check("k", talk.cache->get("k"));
  CHECK(eventually([&] {
    const auto outcome = talk.cache->get("k");
    Talk::check("k", outcome);
    return outcome.has_value();
  }));
  talk.check_that_all_is_well();
}

TEST_CASE("a reply with another one glued to it is not handed out", "[faults][unsolicited]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Talk talk(kind);
  must(talk.cache->get("first"));
  const bool behind = GENERATE(true, false);
  const auto glued = [&](const std::string& reply, const std::string& stray) {
    return behind ? reply + stray : stray + reply;
  };
  INFO("the stray reply is " << (behind ? "behind" : "in front of") << " the right one");
  const std::string stray = talk.server.look_up_reply(stray_value);
  SECTION("to a get") {
    talk.server.answer_once(1, glued(talk.server.look_up_reply(doubtful), stray));
    Talk::check("k", talk.cache->get("k"));
  }
  SECTION("to an async_get") {
    talk.server.answer_once(1, glued(talk.server.look_up_reply(doubtful), stray));
    Talk::check("k", talk.cache->async_get("k").get());
  }
  SECTION("to a set") {
    talk.server.answer_once(1, glued(talk.server.store_reply(), talk.server.store_reply()));
    CHECK(code_of(talk.cache->set("k", "v")) == "outcome_unknown");
  }
  SECTION("to an increment") {
    const std::string counted = glued(talk.server.count_reply(1), talk.server.count_reply(2));
    // Memcached is asked first what the counter was.
    if (kind == Kind::redis) talk.server.answer_once(1, counted);
    if (kind == Kind::memcached) talk.server.answer_once(2, "EN\r\n" + counted);
    CHECK(code_of(talk.cache->increment("n")) == "outcome_unknown");
  }
  talk.check_that_all_is_well();
}

TEST_CASE("a few bytes glued to a reply are enough for it not to be handed out",
          "[faults][unsolicited]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Talk talk(kind);
  must(talk.cache->get("first"));
  const std::string rest = GENERATE("$", "V", "\r\n", "x", "END\r\n");
  talk.server.answer_once(1, talk.server.look_up_reply(doubtful) + rest);
  Talk::check("k", talk.cache->get("k"));
  talk.check_that_all_is_well();
}

TEST_CASE("with two requests in flight a third reply costs both theirs", "[faults][unsolicited]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Talk talk(kind);
  must(talk.cache->get("first"));
  const std::size_t at = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{2});
  INFO("the stray reply is number " << at);
  std::vector<std::string> replies(2, talk.server.look_up_reply(doubtful));
  replies.insert(replies.begin() + static_cast<std::ptrdiff_t>(at),
                 talk.server.look_up_reply(stray_value));
  talk.server.answer_once(2, replies[0] + replies[1] + replies[2]);
  SECTION("two asynchronous look-ups") {
    auto a = talk.cache->async_get("a");
    auto b = talk.cache->async_get("b");
    Talk::check("a", a.get());
    Talk::check("b", b.get());
  }
  SECTION("a batch") {
    const std::vector<std::string_view> keys{"a", "b"};
    const auto outcomes = talk.cache->get_many(keys);
    Talk::check("a", outcomes.at(0));
    Talk::check("b", outcomes.at(1));
  }
  talk.check_that_all_is_well();
}

TEST_CASE("a reply of a type that the command never gives closes the connection",
          "[faults][unsolicited]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Talk talk(kind);
  must(talk.cache->get("first"));
  SECTION("to a get") {
    const std::size_t which = GENERATE(range(std::size_t{0}, of_redis.size()));
    const std::string impossible = kind == Kind::redis ? of_redis[which] : of_memcached[which];
    INFO("the reply: " << impossible);
    talk.server.answer_once(1, impossible);
    Talk::check("k", talk.cache->get("k"));
  }
  SECTION("to a set") {
    talk.server.answer_once(1, talk.server.look_up_reply(stray_value));
    const auto outcome = talk.cache->set("k", "v");
    CHECK_FALSE(outcome);
  }
  SECTION("to an increment") {
    talk.server.answer_once(1, kind == Kind::redis ? "+OK\r\n" : "MN\r\n");
    CHECK_FALSE(talk.cache->increment("n"));
  }
  talk.check_that_all_is_well();
}

// To which request it came nobody can tell; those that follow must not stay one reply behind.
TEST_CASE("a reply too many that comes beside a request is noticed by who asks without a pause",
          "[faults][unsolicited]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Talk talk(kind);
  const int in_a_row = GENERATE(1, 1'000);
  std::size_t asked = 0;
  const auto ask = [&] { static_cast<void>(talk.cache->get("k" + std::to_string(asked++))); };
  while (asked < 100) ask();  // By now the kernel lets acknowledgements wait for the next request.
  talk.server.speak_before_next(talk.server.look_up_reply(stray_value));
  const std::size_t ended = talk.server.ended();
  CHECK(eventually([&] {
    for (int i = 0; i < in_a_row; ++i) ask();
    return talk.server.ended() > ended;
  }));
  talk.check_that_all_is_well();
}
