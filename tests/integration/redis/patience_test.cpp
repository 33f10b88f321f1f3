// A server that is there and cannot serve yet.

#include "support.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// Answers each command by what `answer` makes of its name and first argument.
class LoadingServer {
 public:
  using Answer = std::function<std::string(const std::string&, const std::string&)>;

  explicit LoadingServer(Answer answer)
      : answer_(std::move(answer)), server_([this](Peer& peer) {
          while (true) {
            const std::vector<std::string> words = read_command(peer);
            if (words.at(0) == "CLIENT") {
              peer.send("+OK\r\n");
              continue;
            }
            peer.send(answer_(words.at(0), words.size() > 1 ? words[1] : std::string()));
          }
        }) {}

  [[nodiscard]] RedisConfig config() const {
    return {.host = "127.0.0.1", .port = server_.port(), .pool_size = 1};
  }

 private:
  static std::vector<std::string> read_command(Peer& peer) {
    std::vector<std::string> words(std::stoul(peer.read_line().substr(1)));
    for (std::string& word : words) {
      word = peer.read_exactly(std::stoul(peer.read_line().substr(1)));
      static_cast<void>(peer.read_line());
    }
    return words;
  }

  Answer answer_;
  ScriptedServer server_;
};

constexpr auto ample = 20s;

std::string codes_of_a_moment() {
  return GENERATE("-LOADING Redis is loading the dataset in memory\r\n",
                  "-MASTERDOWN Link with MASTER is down\r\n", "-TRYAGAIN Multiple keys\r\n",
                  "-CLUSTERDOWN The cluster is down\r\n");
}

}  // namespace

TEST_CASE("a call goes on to ask a server that cannot serve yet", "[redis]") {
  const std::string refusal = codes_of_a_moment();
  std::map<std::string, int> asked;
  const LoadingServer server([&](const std::string& name, const std::string&) -> std::string {
    if (++asked[name] <= 3) return refusal;
    if (name == "PING") return "+PONG\r\n";
    if (name == "GET") return "$1\r\nv\r\n";
    return name == "SET" ? "+OK\r\n" : ":7\r\n";
  });
  RedisConfig config = server.config();
  config.connection_timeout = config.operation_timeout = ample;
  RedisBackend redis(config);
  must(redis.connect());
  CHECK(must(redis.get("k")) == "v");
  CHECK(must(redis.set("k", "v")));
  CHECK(must(redis.increment("n", 7)) == 7);
  CHECK(must(redis.command({"STRLEN", "k"})).integer == 7);
  CHECK(must(redis.publish("c", "m")) == 7);
  CHECK(asked ==
        std::map<std::string, int>{
            {"PING", 4}, {"GET", 4}, {"SET", 4}, {"INCRBY", 4}, {"STRLEN", 4}, {"PUBLISH", 4}});
}

TEST_CASE("an asynchronous call goes on to ask a server that cannot serve yet", "[redis][async]") {
  const std::string refusal = codes_of_a_moment();
  std::map<std::string, int> asked;
  Gate last;
  const LoadingServer server([&](const std::string& name, const std::string& key) -> std::string {
    if (++asked[name + key] <= 3) return refusal;
    if (key == "last") last.open();
    if (name == "GET") return "$1\r\nv\r\n";
    return name == "INCRBY" ? ":7\r\n" : "+OK\r\n";
  });
  RedisConfig config = server.config();
  config.connection_timeout = config.operation_timeout = ample;
  RedisBackend redis(config);
  auto got = redis.async_get("g");
  auto counted = redis.async_increment("n", 7);
  CHECK(must(redis.async_set("s", "v").get()));
  CHECK(must(got.get()) == "v");
  CHECK(must(counted.get()) == 7);
  Gate called;
  redis.async_get("c").then([&](const Result<std::optional<std::string>>& value) {
    CHECK(value == "v");
    called.open();
  });
  CHECK(called.wait());
  redis.async_set("last", "v").ignore();
  CHECK(last.wait());
  CHECK(asked == std::map<std::string, int>{
                     {"GETg", 4}, {"INCRBYn", 4}, {"SETs", 4}, {"GETc", 4}, {"SETlast", 4}});
}

TEST_CASE("a script that answers in a server's words is not run twice", "[redis]") {
  int asked = 0;
  const LoadingServer server([&](const std::string&, const std::string&) {
    ++asked;
    return std::string("-TRYAGAIN said a script, behind what it had done\r\n");
  });
  RedisConfig config = server.config();
  config.operation_timeout = ample;
  RedisBackend redis(config);
  CHECK(code_of(redis.command({"eval", "return {err='TRYAGAIN'}", "0"})) == "unavailable");
  CHECK(asked == 1);
}

TEST_CASE("who has no more time is told what the server has said", "[redis]") {
  const LoadingServer server(
      [](const std::string&, const std::string&) { return std::string("-LOADING not yet\r\n"); });
  RedisConfig config = server.config();
  config.connection_timeout = ample;
  config.operation_timeout = 100ms;
  RedisBackend redis(config);
  const std::vector<std::string_view> keys{"a", "b"};
  std::function<Result<std::optional<std::string>>()> call;
  SECTION("waited for") {
    call = [&] { return redis.get("k"); };
  }
  SECTION("asynchronous") {
    call = [&] { return redis.async_get("k").get(); };
  }
  SECTION("in a batch") {
    call = [&] { return redis.get_many(keys).back(); };
  }
  // The last try of some is begun in time and answered too late.
  CHECK(eventually([&] {
    const auto got = call();
    return code_of(got) == "unavailable" && got.error().message == "LOADING not yet";
  }));
}

TEST_CASE("no asynchronous write is done again behind a later one of its key", "[redis][async]") {
  // The first command is refused, and no other.
  int count = 0;
  std::vector<std::string> done;
  Gate begun;
  const LoadingServer server([&](const std::string& name, const std::string& key) -> std::string {
    if (++count == 1) return begun.wait() ? "-LOADING not yet\r\n" : "";
    done.push_back(key);
    return name == "GET" ? "$1\r\nv\r\n" : "+OK\r\n";
  });
  RedisConfig config = server.config();
  config.connection_timeout = config.operation_timeout = ample;
  RedisBackend redis(config);
  SECTION("a later one of nobody") {
    auto older = redis.async_set("k", "older");
    auto newer = redis.async_set("k", "newer");
    begun.open();
    CHECK(code_of(older.get()) == "unavailable");
    CHECK(must(newer.get()));
    CHECK(done == std::vector<std::string>{"k"});
  }
  SECTION("a later command, whatever its keys are") {
    const auto in_flight = [&](std::uint64_t wanted) {
      return eventually([&] { return redis.connections().at(0).in_flight == wanted; });
    };
    auto older = redis.async_set("k", "older");
    REQUIRE(in_flight(1));
    auto newer = std::async(std::launch::async, [&] {
      return redis.command({"SET", "k", "newer"});
    });
    REQUIRE(in_flight(2));
    begun.open();
    CHECK(must(newer.get()).text == "OK");
    CHECK(code_of(older.get()) == "unavailable");
    CHECK(done == std::vector<std::string>{"k"});
  }
  SECTION("a later one of another key") {
    auto older = redis.async_set("k", "older");
    auto newer = redis.async_set("other", "newer");
    begun.open();
    CHECK(must(older.get()));
    CHECK(must(newer.get()));
    CHECK(done == std::vector<std::string>{"other", "k"});
  }
}

TEST_CASE("what the server refuses for good, or for long, is asked once", "[redis]") {
  const std::string refusal =
      GENERATE("-READONLY no\r\n", "-BUSY a script runs\r\n", "-NOREPLICAS no\r\n");
  int asked = 0;
  const LoadingServer server([&](const std::string&, const std::string&) {
    ++asked;
    return refusal;
  });
  RedisConfig config = server.config();
  config.operation_timeout = ample;
  RedisBackend redis(config);
  CHECK_FALSE(redis.set("k", "v"));
  CHECK(asked == 1);
}

TEST_CASE("of a batch only what was refused is asked again, and never behind what would be undone",
          "[redis]") {
  // The server has read its data set when it comes to the third command.
  int count = 0;
  std::vector<std::string> done;
  const LoadingServer server([&](const std::string& name, const std::string& key) -> std::string {
    if (++count <= 2) return "-LOADING not yet\r\n";
    done.push_back(key);
    return name == "GET" ? "$1\r\nv\r\n" : "+OK\r\n";
  });
  RedisConfig config = server.config();
  config.operation_timeout = ample;
  RedisBackend redis(config);
  SECTION("reads") {
    const std::vector<std::string_view> keys{"a", "b", "c"};
    for (const auto& outcome : redis.get_many(keys)) CHECK(must(outcome) == "v");
    CHECK(done == std::vector<std::string>{"c", "a", "b"});
  }
  SECTION("writes") {
    const std::vector<operation::Set> sets{
        {.key = "a", .value = "older"}, {.key = "b", .value = "v"}, {.key = "a", .value = "newer"}};
    const auto outcomes = redis.run_many<operation::Set>(sets);
    CHECK(code_of(outcomes[0]) == "unavailable");
    CHECK(must(outcomes[1]));
    CHECK(must(outcomes[2]));
    CHECK(done == std::vector<std::string>{"a", "b"});
  }
}
