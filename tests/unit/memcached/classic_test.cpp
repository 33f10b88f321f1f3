#include "decoding.hpp"

using namespace cachekit;
using memcached::Dialect;
using memcached::Reply;
using memcached::Verb;
using Status = memcached::Reply::Status;

namespace {

Result<Reply> classic(std::string_view bytes, Verb verb) {
  return test::decode_one(bytes, {.verb = verb, .key = "k"}, Dialect::classic);
}

}  // namespace

TEST_CASE("a classic hit gives the exact bytes, whatever they look like", "[memcached]") {
  CHECK(classic("VALUE k 0 5\r\nhello\r\nEND\r\n", Verb::get)->value == "hello");
  CHECK(classic("VALUE k 0 0\r\n\r\nEND\r\n", Verb::get)->value.empty());
  CHECK(classic("VALUE k 7 7\r\n\r\nEND\r\n\r\nEND\r\n", Verb::get)->value == "\r\nEND\r\n");
  CHECK(classic("VALUE k 0 1\r\nx\r\nEND\r\n", Verb::exists)->status == Status::done);
}

TEST_CASE("every classic reply means one thing for each command", "[memcached]") {
  struct Row {
    std::string_view bytes;
    Verb verb;
    Status status;
  };
  const auto row = GENERATE(
      Row{"END\r\n", Verb::get, Status::missing}, Row{"END\r\n", Verb::exists, Status::missing},
      Row{"STORED\r\n", Verb::store, Status::done}, Row{"DELETED\r\n", Verb::remove, Status::done},
      Row{"NOT_FOUND\r\n", Verb::remove, Status::missing},
      Row{"TOUCHED\r\n", Verb::touch, Status::done},
      Row{"NOT_FOUND\r\n", Verb::touch, Status::missing},
      Row{"NOT_FOUND\r\n", Verb::increment, Status::missing},
      Row{"OK\r\n", Verb::flush_all, Status::done});
  CAPTURE(row.bytes);
  const auto reply = classic(row.bytes, row.verb);
  REQUIRE(reply);
  CHECK(reply->status == row.status);
}

TEST_CASE("a classic value comes with its version where that was asked for", "[memcached]") {
  const auto hit = classic("VALUE k 0 5 18446744073709551615\r\nhello\r\nEND\r\n", Verb::gets);
  REQUIRE(hit);
  CHECK(hit->value == "hello");
  CHECK(hit->version == ~std::uint64_t{0});
  CHECK(classic("END\r\n", Verb::gets)->status == Status::missing);
  for (const std::string_view bytes :
       {"VALUE k 0 1\r\nx\r\nEND\r\n", "VALUE k 0 1 \r\nx\r\nEND\r\n",
        "VALUE k 0 1 x\r\nx\r\nEND\r\n", "VALUE k 0 1 2 3\r\nx\r\nEND\r\n"}) {
    CAPTURE(bytes);
    CHECK(classic(bytes, Verb::gets).error().code == Errc::protocol);
  }
}

TEST_CASE("what is done to one version is answered in other words", "[memcached]") {
  const Verb verb = GENERATE(Verb::store, Verb::remove);
  const auto of_version = [&](std::string_view bytes) {
    return test::decode_one(bytes, {.verb = verb, .key = "k", .version = 5}, Dialect::classic);
  };
  CHECK(of_version("STORED\r\n")->status == Status::done);
  CHECK(of_version("EXISTS\r\n")->status == Status::refused);
  CHECK(of_version("NOT_FOUND\r\n")->status == Status::refused);
  CHECK(of_version("DELETED\r\n").error().code == Errc::protocol);
  CHECK(of_version("NOT_STORED\r\n").error().code == Errc::protocol);
  CHECK(classic("EXISTS\r\n", verb).error().code == Errc::protocol);
  // Its value may be read as a command by a server that refuses the line.
  const auto refused = test::decode("CLIENT_ERROR bad command line format\r\n",
                                    {.verb = verb, .key = "k", .version = 5}, Dialect::classic, 1);
  CHECK(refused.broken);
}

TEST_CASE("a classic store is refused where it has a condition, and not else", "[memcached]") {
  const auto stored = [](SetCondition condition) {
    return test::decode_one("NOT_STORED\r\n",
                            {.verb = Verb::store, .key = "k", .condition = condition},
                            Dialect::classic);
  };
  CHECK(stored(SetCondition::if_absent)->status == Status::refused);
  CHECK(stored(SetCondition::if_present)->status == Status::refused);
  CHECK(stored(SetCondition::always).error().code == Errc::protocol);
}

TEST_CASE("a classic counter is its line", "[memcached]") {
  CHECK(classic("41\r\n", Verb::increment)->number == 41);
  CHECK(classic("9 \r\n", Verb::increment)->number == 9);
  CHECK(classic("-1\r\n", Verb::increment).error().code == Errc::protocol);
}

TEST_CASE("a classic value for another key reaches nobody", "[memcached]") {
  for (const std::string_view bytes :
       {"VALUE other 0 1\r\nx\r\nEND\r\n", "VALUE kk 0 1\r\nx\r\nEND\r\n", "VALUE k\r\n",
        "VALUE k 0\r\n", "VALUE k 0 99999999999\r\n", "VALUE k 0 1\r\nx\r\nVALUE k 0 1\r\n"}) {
    CAPTURE(bytes);
    CHECK(classic(bytes, Verb::get).error().code == Errc::protocol);
  }
}
