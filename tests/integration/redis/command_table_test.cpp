// The table of known commands against what a server says of its own.

#include "redis/command_kind.hpp"
#include "support.hpp"
#include "support/results.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using redis::CommandKind;

namespace {

bool has_flag(const RedisReply& command, std::string_view flag) {
  return std::ranges::any_of(command.elements.at(2).elements,
                             [&](const RedisReply& one) { return one.text == flag; });
}

void check(const RedisReply& command) {
  const std::string& name = command.elements.at(0).text;
  CAPTURE(name);
  const std::size_t bar = name.find('|');
  std::vector<std::string_view> words{std::string_view(name).substr(0, bar)};
  if (bar != std::string::npos) words.push_back(std::string_view(name).substr(bar + 1));
  const bool container = command.elements.size() > 9 && !command.elements[9].elements.empty();
  const bool reads_streams = words.front().starts_with("xread");
  const CommandKind kind = redis::kind_of(words);
  if (!container) CHECK(kind != CommandKind::unknown);
  if (has_flag(command, "write")) CHECK(kind != CommandKind::read);
  if (has_flag(command, "blocking") && !reads_streams) CHECK(kind == CommandKind::blocking);
  if (has_flag(command, "readonly") && !reads_streams && words.front() != "client" &&
      name != "memory|purge") {
    CHECK(kind == CommandKind::read);
  }
  if (!container) return;
  for (const RedisReply& one : command.elements[9].elements) check(one);
}

}  // namespace

TEST_CASE("every command of the server is in the table, and as the server flags it", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  const RedisReply commands = must(redis.command({"COMMAND"}));
  REQUIRE(commands.elements.size() > 200);
  for (const RedisReply& command : commands.elements) check(command);
}

TEST_CASE("a command that nobody knows has a connection of its own", "[redis]") {
  const RedisServer server({.extra = {"--rename-command", "CLIENT", "WHOAREYOU"}});
  RedisConfig config = config_of(server);
  config.client_name.clear();
  RedisBackend redis(config);
  REQUIRE(redis.set("key", "value"));
  CHECK(must(redis.command({"WHOAREYOU", "SETNAME", "changed"})).text == "OK");
  CHECK(must(redis.command({"WHOAREYOU", "GETNAME"})).text.empty());
  CHECK(must(redis.command({"WHOAREYOU", "REPLY", "ON"})).text == "OK");
  CHECK(redis.get("key") == "value");
  CHECK(redis.connections().at(0).reconnects == 0);
}

TEST_CASE("a group by the name of an option does not hold up the others", "[redis]") {
  RedisServer server;
  RedisBackend redis(config_of(server));
  RedisBackend witness(config_of(server));
  REQUIRE(redis.command({"XGROUP", "CREATE", "s", "streams", "$", "MKSTREAM"}));
  Result<RedisReply> entries;
  std::thread waiting([&] {
    entries =
        redis.command({"XREADGROUP", "GROUP", "streams", "c1", "BLOCK", "0", "STREAMS", "s", ">"},
                      {.timeout = std::chrono::seconds(60)});
  });
  CHECK(eventually([&] {
    const auto clients = witness.command({"INFO", "clients"});
    return clients && clients->text.find("blocked_clients:1") != std::string::npos;
  }));
  CHECK(redis.get("key") == std::nullopt);  // Would take all of its time behind the other one.
  CHECK(redis.command({"XADD", "s", "*", "field", "value"}));
  waiting.join();
  CHECK(entries);
}
