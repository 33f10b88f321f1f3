// What the replies on a connection are handed to, and what is no reply to that.

#include "redis/session.hpp"

#include "redis/commands.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <array>
#include <string>
#include <string_view>

using namespace cachekit;
using namespace cachekit::redis;
using namespace cachekit::operation;
using Type = RedisReply::Type;

namespace {

struct Sample {
  Type type;
  std::string_view wire;
};

constexpr std::array samples{
    Sample{Type::nil, "$-1\r\n"},     Sample{Type::nil, "*-1\r\n"},
    Sample{Type::status, "+OK\r\n"},  Sample{Type::status, "+QUEUED\r\n"},
    Sample{Type::integer, ":1\r\n"},  Sample{Type::string, "$1\r\nv\r\n"},
    Sample{Type::array, "*0\r\n"},    Sample{Type::array, "*1\r\n*1\r\n:1\r\n"},
    Sample{Type::error, "-ERR a\r\n"}};

// Whether a request takes a reply as its own. One that it does not take is the last on its
// connection.
template <typename Request>
bool takes(Request request, std::string_view wire) {
  Session session;
  std::string out;
  REQUIRE(request.encode(session, out));
  for (std::size_t reply = request.missing(); reply > 0; --reply) session.feed(wire);
  session.feed("$4\r\nnext\r\n");
  const Result<bool> done = session.advance(request);
  if (done) {
    CHECK(*done);
    return true;
  }
  CHECK(done.error().code == Errc::protocol);
  SingleCommand next({}, Replay::yes);
  const Result<bool> after = session.advance(next);
  REQUIRE_FALSE(after);
  CHECK(after.error().code == Errc::protocol);
  CHECK(next.reply().is_nil());
  return false;
}

template <typename Operation>
void check_types(const Operation& operation, std::initializer_list<Type> possible) {
  const ReplyTypes types(possible);
  for (const Sample& sample : samples) {
    CAPTURE(sample.wire);
    CHECK(takes(OperationRequest<Operation>(operation, Fence::no), sample.wire) ==
          types.contain(sample.type));
    Pipeline batch(Replay::yes);
    for (int i = 0; i < 3; ++i) add_operation(batch, operation, Fence::no);
    CHECK(takes(batch, sample.wire) == types.contain(sample.type));
  }
}

}  // namespace

TEST_CASE("a reply of a type that the command never gives reaches nobody", "[redis]") {
  check_types(Get{"key"}, {Type::string, Type::nil});
  check_types(Set{.key = "key", .value = "v"}, {Type::status});
  check_types(Set{.key = "key", .value = "v", .condition = SetCondition::if_absent},
              {Type::status, Type::nil});
  check_types(Remove{"key"}, {Type::integer});
  check_types(Exists{"key"}, {Type::integer});
  check_types(Touch{"key", Ttl::none()}, {Type::integer});
  check_types(RemainingTtl{"key"}, {Type::integer});
  check_types(Increment{"key", 1}, {Type::integer});
  check_types(ScanPage{}, {Type::array});
  check_types(operation::CompareAndSet{.key = "key", .expected = "a", .value = "b"},
              {Type::integer});
  check_types(operation::LeaseGet{"key"}, {Type::string, Type::status, Type::integer});
  check_types(operation::LeaseSet{.key = "key", .value = "v"}, {Type::integer});
  check_types(operation::LeaseDrop{"key"}, {Type::integer});
}

TEST_CASE("a command of the caller's own may give anything", "[redis]") {
  const std::array<std::string_view, 1> words{"ANY"};
  for (const Sample& sample : samples) {
    CHECK(takes(SingleCommand(words, Replay::yes), sample.wire));
  }
}

TEST_CASE("in a batch each command has its own types, wherever the impossible one is", "[redis]") {
  Pipeline batch(Replay::yes);
  batch.add({"INFO"}, only_string);
  batch.add({"DBSIZE"}, only_integer);
  Session session;
  std::string out;
  REQUIRE(batch.encode(session, out));
  session.feed("$2\r\na:\r\n");
  CHECK(session.advance(batch) == false);
  session.feed("$1\r\n7\r\n");
  const auto outcome = session.advance(batch);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::protocol);
}

TEST_CASE("a reply that the request has no memory for is the last on its connection", "[redis]") {
  class Forgetful final : public CommandRequest {
   public:
    Forgetful() : CommandRequest(Replay::yes) {}
    [[nodiscard]] Result<void> encode(const net::Session&, std::string&) override { return {}; }
    [[nodiscard]] Accepted accept(RedisReply&&) override { throw std::bad_alloc(); }
    [[nodiscard]] std::size_t missing() const noexcept override { return 1; }
  };
  Session session;
  session.feed("$4\r\nmine\r\n$4\r\nyour\r\n");
  Forgetful request;
  CHECK_THROWS_AS(static_cast<void>(session.advance(request)), std::bad_alloc);
  SingleCommand next({}, Replay::yes);
  const auto outcome = session.advance(next);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::unavailable);
}

TEST_CASE("a lost reply leaves a read to be repeated and a write in doubt", "[redis]") {
  const std::string reply = "$100\r\n" + std::string(100, 'v') + "\r\n";
  for (const Replay replay : {Replay::yes, Replay::no}) {
    Session session;
    session.feed(reply + ":7\r\n");
    SingleCommand command({}, replay), next({}, replay);
    {
      const test::FailingAllocation failure(test::Scope::thread, 1, 1'000);
      static_cast<void>(session.advance(command));
    }
    REQUIRE(command.reply().is_error());
    CHECK(error_of_reply(command.reply().text, {}).code ==
          (replay == Replay::yes ? Errc::overloaded : Errc::outcome_unknown));
    CHECK(session.advance(next) == true);
    CHECK(next.reply().integer == 7);
  }
}

TEST_CASE("a session whose server has become a replica is to be replaced", "[redis]") {
  Session session;
  const auto ask = [&](std::string_view reply) {
    session.feed(reply);
    SingleCommand command({}, Replay::no);
    REQUIRE(session.advance(command) == true);
  };
  for (const char* reply : {":1\r\n", "-ERR no\r\n", "$8\r\nREADONLY\r\n", "-READONLYISH\r\n"}) {
    ask(reply);
    CHECK_FALSE(session.retiring());
  }
  ask("-READONLY You can't write against a read only replica.\r\n");
  CHECK(session.retiring());
  ask(":1\r\n");
  CHECK(session.retiring());
}

TEST_CASE("a session whose server says that it closes the connection is to be replaced",
          "[redis]") {
  Session session;
  SingleCommand command({}, Replay::no);
  session.feed("-ERR Protocol error: invalid bulk length\r\n");
  REQUIRE(session.advance(command) == true);
  CHECK(session.retiring());
}

TEST_CASE("a request knows about how many bytes it keeps", "[redis]") {
  const std::string key(100, 'k');
  const std::string value(3'000, 'v');
  CHECK(OperationRequest<Get>(Get{key}, Fence::no).bytes() == 100);
  CHECK(OperationRequest<Set>(Set{.key = key, .value = value}, Fence::no).bytes() == 3'100);
  const std::array<std::string_view, 3> words{"SET", key, value};
  CHECK(SingleCommand(words, Replay::no).bytes() == 3'103);
  Pipeline batch(Replay::no);
  CHECK(batch.bytes() == 0);
  for (int i = 0; i < 10; ++i) add_operation(batch, Set{.key = key, .value = value}, Fence::no);
  CHECK(batch.bytes() >= 31'000);
  CHECK(batch.bytes() < 32'000);
}
