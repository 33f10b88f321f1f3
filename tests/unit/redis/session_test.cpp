// What the replies on a connection are handed to, and what is no reply to that.

#include "redis/session.hpp"

#include "redis/commands.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>

using namespace cachekit;
using namespace cachekit::redis;
using namespace cachekit::operation;

namespace {

constexpr std::string_view nil = "$-1\r\n";
constexpr std::string_view nil_array = "*-1\r\n";
constexpr std::string_view ok = "+OK\r\n";
constexpr std::string_view pong = "+PONG\r\n";
constexpr std::string_view queued = "+QUEUED\r\n";
constexpr std::string_view granted = "+77 5000\r\n";
constexpr std::string_view none = ":0\r\n";
constexpr std::string_view one = ":1\r\n";
constexpr std::string_view seven = ":7\r\n";
constexpr std::string_view missing = ":-2\r\n";
constexpr std::string_view below = ":-3\r\n";
constexpr std::string_view text = "$1\r\nv\r\n";
constexpr std::string_view number = "$2\r\n-7\r\n";
constexpr std::string_view empty_array = "*0\r\n";
constexpr std::string_view array_of_array = "*1\r\n*1\r\n:1\r\n";
constexpr std::string_view page = "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n";
constexpr std::string_view odd_page = "*2\r\n$1\r\n0\r\n*1\r\n:5\r\n";
constexpr std::string_view far_page = "*2\r\n$20\r\n18446744073709551616\r\n*0\r\n";
constexpr std::string_view error = "-ERR a\r\n";
constexpr std::array samples{nil,     nil_array, ok,       pong,        queued,
                             granted, none,      one,      seven,       missing,
                             below,   text,      number,   empty_array, array_of_array,
                             page,    odd_page,  far_page, error};

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
  SingleCommand next({}, Idempotent::yes);
  const Result<bool> after = session.advance(next);
  REQUIRE_FALSE(after);
  CHECK(after.error().code == Errc::protocol);
  CHECK(next.reply().is_nil());
  return false;
}

// The same for what takes the replies of a request that was given up.
template <typename Request>
bool passes_over(Request request, std::string_view wire) {
  Session session;
  std::string out;
  REQUIRE(request.encode(session, out));
  const auto given_up = request.abandoned();
  for (std::size_t reply = request.missing(); reply > 0; --reply) session.feed(wire);
  const Result<bool> done = session.advance(*given_up);
  if (!done) CHECK(done.error().code == Errc::protocol);
  return done && *done;
}

bool is_among(std::string_view sample, std::initializer_list<std::string_view> possible) {
  return sample == error || std::ranges::find(possible, sample) != possible.end();
}

// Alone, in a batch, and given up meanwhile.
template <typename Operation>
void check_takes(const Operation& operation, std::initializer_list<std::string_view> possible,
                 Fence fence = Fence::no) {
  for (const std::string_view sample : samples) {
    CAPTURE(sample);
    CHECK(takes(OperationRequest<Operation>(operation, fence), sample) ==
          is_among(sample, possible));
    Pipeline batch(Idempotent::yes);
    for (int i = 0; i < 3; ++i) add_operation(batch, operation, fence);
    CHECK(takes(batch, sample) == is_among(sample, possible));
    CHECK(passes_over(OperationRequest<Operation>(operation, fence), sample) ==
          is_among(sample, possible));
    CHECK(passes_over(batch, sample) == is_among(sample, possible));
  }
}

}  // namespace

TEST_CASE("a reply that the command never gives reaches nobody", "[redis]") {
  check_takes(Get{"key"}, {text, number, nil});
  check_takes(Set{.key = "key", .value = "v"}, {ok});
  check_takes(Set{.key = "key", .value = "v"}, {ok}, Fence::yes);
  check_takes(Set{.key = "key", .value = "v", .condition = SetCondition::if_absent}, {ok, nil});
  check_takes(Remove{"key"}, {none, one});
  check_takes(Exists{"key"}, {none, one});
  check_takes(Touch{"key", Ttl::none()}, {none, one});
  check_takes(RemainingTtl{"key"}, {none, one, seven, missing});
  check_takes(Increment{"key", 1}, {none, one, seven, missing, below});
  check_takes(Increment{"key", 1}, {number}, Fence::yes);
  check_takes(ScanPage{}, {page});
  check_takes(operation::CompareAndSet{.key = "key", .expected = "a", .value = "b"}, {none, one});
  check_takes(operation::LeaseGet{"key"}, {text, number, granted, none, one, seven, missing});
  check_takes(operation::LeaseSet{.key = "key", .value = "v"}, {none, one});
  check_takes(operation::LeaseDrop{"key"}, {none, one});
}

TEST_CASE("a command of the caller's own may give anything", "[redis]") {
  const std::array<std::string_view, 1> words{"ANY"};
  for (const std::string_view sample : samples) {
    CHECK(takes(SingleCommand(words, Idempotent::yes), sample));
    CHECK(passes_over(SingleCommand(words, Idempotent::yes), sample));
  }
}

TEST_CASE("what was given up passes over the rest of its replies", "[redis]") {
  Pipeline batch(Idempotent::yes);
  add_operation(batch, Exists{"key"}, Fence::no);
  add_operation(batch, Get{"key"}, Fence::no);
  add_operation(batch, Exists{"key"}, Fence::no);
  Session session;
  std::string out;
  REQUIRE(batch.encode(session, out));
  session.feed(one);
  CHECK(session.advance(batch) == false);
  const auto given_up = batch.abandoned();
  session.feed(text);
  CHECK(session.advance(*given_up) == false);
  session.feed(none);
  CHECK(session.advance(*given_up) == true);
}

TEST_CASE("in a batch each command has its own types, wherever the impossible one is", "[redis]") {
  Pipeline batch(Idempotent::yes);
  batch.add({"INFO"}, only_string);
  batch.add({"DBSIZE"}, only_count);
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
    Forgetful() : CommandRequest(Idempotent::yes) {}
    [[nodiscard]] Result<void> encode(const net::Session&, std::string&) override { return {}; }
    [[nodiscard]] Accepted accept(RedisReply&&) override { throw std::bad_alloc(); }
    [[nodiscard]] std::size_t missing() const noexcept override { return 1; }
    [[nodiscard]] ReplyShape missing_shape(std::size_t) const noexcept override {
      return ReplyShape::any();
    }
  };
  Session session;
  session.feed("$4\r\nmine\r\n$4\r\nyour\r\n");
  Forgetful request;
  CHECK_THROWS_AS(static_cast<void>(session.advance(request)), std::bad_alloc);
  SingleCommand next({}, Idempotent::yes);
  const auto outcome = session.advance(next);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::unavailable);
}

TEST_CASE("a lost reply leaves a read to be repeated and a write in doubt", "[redis]") {
  const std::string reply = "$100\r\n" + std::string(100, 'v') + "\r\n";
  for (const Idempotent replay : {Idempotent::yes, Idempotent::no}) {
    Session session;
    session.feed(reply + ":7\r\n");
    SingleCommand command({}, replay), next({}, replay);
    {
      const test::FailingAllocation failure(test::Scope::thread, 1, 1'000);
      static_cast<void>(session.advance(command));
    }
    REQUIRE(command.reply().is_error());
    CHECK(error_of_reply(command.reply().text, {}).code ==
          (replay == Idempotent::yes ? Errc::overloaded : Errc::outcome_unknown));
    CHECK(session.advance(next) == true);
    CHECK(next.reply().integer == 7);
  }
}

TEST_CASE("a session whose server has become a replica is to be replaced", "[redis]") {
  Session session;
  const auto ask = [&](std::string_view reply) {
    session.feed(reply);
    SingleCommand command({}, Idempotent::no);
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

TEST_CASE("a refusal in a script is the command's own, wherever a version puts the place",
          "[redis]") {
  for (const std::string_view refusal :
       {"READONLY You can't write against a read only replica.",
        "@user_script: 1: -READONLY You can't write against a read only replica.",
        "ERR Error running script (call to f_1e): @user_script:1: @user_script: 1: -READONLY You "
        "can't write against a read only replica."}) {
    CAPTURE(refusal);
    Session session;
    session.feed("-" + std::string(refusal) + "\r\n");
    SingleCommand command({}, Idempotent::no);
    REQUIRE(session.advance(command) == true);
    CHECK(session.retiring());
    CHECK(code_of_reply(command.reply().text) == "READONLY");
  }
  Session session;
  session.feed("-ERR user_script:1: @user_script: 1: -5 is no count\r\n");
  SingleCommand command({}, Idempotent::no);
  REQUIRE(session.advance(command) == true);
  CHECK(command.reply().text == "ERR user_script:1: @user_script: 1: -5 is no count");
}

TEST_CASE("a session whose server says that it closes the connection is to be replaced",
          "[redis]") {
  Session session;
  SingleCommand command({}, Idempotent::no);
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
  CHECK(SingleCommand(words, Idempotent::no).bytes() == 3'103);
  Pipeline batch(Idempotent::no);
  CHECK(batch.bytes() == 0);
  for (int i = 0; i < 10; ++i) add_operation(batch, Set{.key = key, .value = value}, Fence::no);
  CHECK(batch.bytes() >= 31'000);
  CHECK(batch.bytes() < 32'000);
}
