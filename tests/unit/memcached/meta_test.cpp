#include "decoding.hpp"

using namespace cachekit;
using memcached::Command;
using memcached::Dialect;
using memcached::Reply;
using memcached::Verb;
using Status = memcached::Reply::Status;

namespace {

Result<Reply> meta(std::string_view bytes, Verb verb) {
  return test::decode_one(bytes, {.verb = verb, .key = "k"}, Dialect::meta);
}

}  // namespace

TEST_CASE("a meta hit gives the exact bytes, whatever they look like", "[memcached]") {
  CHECK(meta("VA 5\r\nhello\r\n", Verb::get)->value == "hello");
  CHECK(meta("VA 0\r\n\r\n", Verb::get)->value.empty());
  CHECK(meta("VA 9\r\n\r\nEND\r\n\r\n\r\n", Verb::get)->value == "\r\nEND\r\n\r\n");
  CHECK(meta("VA 4\r\nEN\r\n\r\n", Verb::get)->value == "EN\r\n");
}

TEST_CASE("every meta reply means one thing for each command", "[memcached]") {
  struct Row {
    std::string_view bytes;
    Verb verb;
    Status status;
  };
  const auto row = GENERATE(
      Row{"EN\r\n", Verb::get, Status::missing}, Row{"EN\r\n", Verb::exists, Status::missing},
      Row{"HD\r\n", Verb::exists, Status::done}, Row{"EN\r\n", Verb::touch, Status::missing},
      Row{"HD\r\n", Verb::touch, Status::done}, Row{"EN\r\n", Verb::remaining_ttl, Status::missing},
      Row{"HD\r\n", Verb::store, Status::done}, Row{"HD\r\n", Verb::remove, Status::done},
      Row{"NF\r\n", Verb::remove, Status::missing}, Row{"NS\r\n", Verb::increment, Status::missing},
      Row{"MN\r\n", Verb::probe, Status::done}, Row{"ERROR\r\n", Verb::probe, Status::missing},
      Row{"CLIENT_ERROR bad command\r\n", Verb::probe, Status::missing},
      Row{"OK\r\n", Verb::flush_all, Status::done});
  CAPTURE(row.bytes);
  const auto reply = meta(row.bytes, row.verb);
  REQUIRE(reply);
  CHECK(reply->status == row.status);
}

TEST_CASE("a value comes with its version where that was asked for", "[memcached]") {
  const auto hit = meta("VA 2 c12\r\nab\r\n", Verb::gets);
  REQUIRE(hit);
  CHECK(hit->value == "ab");
  CHECK(hit->version == 12);
  CHECK(meta("EN\r\n", Verb::gets)->status == Status::missing);
  CHECK(meta("VA 2 cx\r\nab\r\n", Verb::gets).error().code == Errc::protocol);
}

TEST_CASE("a removal of one version may be refused, and no other one", "[memcached]") {
  const Command removal{.verb = Verb::remove, .key = "k", .version = 5};
  CHECK(test::decode_one("EX\r\n", removal, Dialect::meta)->status == Status::refused);
  CHECK(test::decode_one("NF\r\n", removal, Dialect::meta)->status == Status::missing);
  CHECK(test::decode_one("HD\r\n", removal, Dialect::meta)->status == Status::done);
  CHECK(meta("EX\r\n", Verb::remove).error().code == Errc::protocol);
}

TEST_CASE("what has no condition is not refused, and what has one only as that can be",
          "[memcached]") {
  const auto answer = [](std::string_view bytes, const Command& command) {
    const auto reply = test::decode_one(bytes, command, Dialect::meta);
    return reply ? reply->status : Status::pending;
  };
  const Command plain{.verb = Verb::store, .key = "k"};
  const Command added{.verb = Verb::store, .key = "k", .condition = SetCondition::if_absent};
  const Command of_version{.verb = Verb::store, .key = "k", .version = 5};
  for (const std::string_view no : {"NS\r\n", "EX\r\n", "NF\r\n", "HD zz\r\n"}) {
    CAPTURE(no);
    CHECK(answer(no, plain) == Status::pending);
  }
  CHECK(answer("NS\r\n", added) == Status::refused);
  CHECK(answer("EX\r\n", added) == Status::pending);
  CHECK(answer("NF\r\n", added) == Status::pending);
  CHECK(answer("NS\r\n", of_version) == Status::pending);
  CHECK(answer("EX\r\n", of_version) == Status::refused);
  CHECK(answer("NF\r\n", of_version) == Status::refused);
  const Command counted{.verb = Verb::increment, .key = "k", .version = 5};
  CHECK(answer("EX\r\n", counted) == Status::refused);
  CHECK(answer("NF\r\n", counted) == Status::missing);
  CHECK(answer("NS\r\n", counted) == Status::pending);
  CHECK(answer("EX\r\n", {.verb = Verb::increment, .key = "k"}) == Status::pending);
  CHECK(answer("NF\r\n", {.verb = Verb::increment, .key = "k"}) == Status::pending);
}

TEST_CASE("a reply has the flags that were asked for and no others", "[memcached]") {
  const auto broken = [](std::string_view bytes, const Command& command) {
    return test::decode(bytes, command, Dialect::meta, 1).broken.has_value();
  };
  for (const std::string_view bytes :
       {"VA 1 c5\r\n7\r\n", "VA 1 f0\r\n7\r\n", "VA 1 zz\r\n7\r\n"}) {
    CAPTURE(bytes);
    CHECK(broken(bytes, {.verb = Verb::get, .key = "k"}));
  }
  CHECK(broken("VA 1\r\n7\r\n", {.verb = Verb::gets, .key = "k"}));
  CHECK(broken("VA 1 c1 c2\r\n7\r\n", {.verb = Verb::gets, .key = "k"}));
  CHECK(broken("VA 1 c1 f0\r\n7\r\n", {.verb = Verb::inspect, .key = "k"}));
  CHECK(broken("VA 1\r\n7\r\n", {.verb = Verb::increment, .key = "k", .versioned = true}));
  CHECK(broken("HD c5\r\n", {.verb = Verb::exists, .key = "k"}));
  CHECK(broken("HD t5 c5\r\n", {.verb = Verb::remaining_ttl, .key = "k"}));
  CHECK(broken("EN t5\r\n", {.verb = Verb::remaining_ttl, .key = "k"}));
  // An entry that somebody has marked stale, and a key that went as base64.
  CHECK_FALSE(broken("VA 1 W X\r\n7\r\n", {.verb = Verb::get, .key = "k"}));
  CHECK_FALSE(broken("VA 1 c1 X Z\r\n7\r\n", {.verb = Verb::gets, .key = "k"}));
  CHECK_FALSE(broken("HD b\r\n", {.verb = Verb::store, .key = "a b"}));
  CHECK(broken("HD b\r\n", {.verb = Verb::store, .key = "k"}));
}

TEST_CASE("a refusal that no server gives to the command breaks the connection off",
          "[memcached]") {
  const auto broken = [](std::string_view bytes, Verb verb, Dialect dialect) {
    return test::decode(bytes, {.verb = verb, .key = "k"}, dialect, 1).broken.has_value();
  };
  const std::string_view no_number =
      "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";
  for (const Dialect dialect : {Dialect::meta, Dialect::classic}) {
    for (const Verb verb : {Verb::get, Verb::exists, Verb::remove, Verb::increment}) {
      CHECK(broken("ERROR\r\n", verb, dialect));
      CHECK(broken("CLIENT_ERROR bad command line format\r\n", verb, dialect));
      CHECK_FALSE(broken("SERVER_ERROR busy\r\n", verb, dialect));
      CHECK(broken(no_number, verb, dialect) == (verb != Verb::increment));
    }
    CHECK_FALSE(broken("ERROR\r\n", Verb::stats, dialect));
    CHECK_FALSE(broken("ERROR\r\n", Verb::flush_all, dialect));
  }
  CHECK(broken("ERROR\r\n", Verb::touch, Dialect::meta));
  CHECK_FALSE(broken("ERROR\r\n", Verb::touch, Dialect::classic));  // Servers before 1.4.8.
}

TEST_CASE("a remaining TTL is read from the meta flags", "[memcached]") {
  CHECK(meta("HD t300\r\n", Verb::remaining_ttl)->seconds == 300);
  CHECK(meta("HD t-1\r\n", Verb::remaining_ttl)->seconds == -1);
  CHECK(meta("HD\r\n", Verb::remaining_ttl).error().code == Errc::protocol);
  CHECK(meta("HD t\r\n", Verb::remaining_ttl).error().code == Errc::protocol);
  CHECK(meta("HD t99999999999999999999\r\n", Verb::remaining_ttl).error().code == Errc::protocol);
}

TEST_CASE("a counter is read with the spaces that follow a lost digit", "[memcached]") {
  CHECK(meta("VA 2\r\n41\r\n", Verb::increment)->number == 41);
  CHECK(meta("VA 2\r\n9 \r\n", Verb::increment)->number == 9);
  CHECK(meta("VA 20\r\n18446744073709551615\r\n", Verb::increment)->number == ~std::uint64_t{0});
  CHECK(meta("VA 2\r\nxy\r\n", Verb::increment).error().code == Errc::protocol);
}

TEST_CASE("an inspected entry comes with its version, flags and TTL", "[memcached]") {
  const auto entry = meta("VA 2 c12 f4294967295 t300\r\n05\r\n", Verb::inspect);
  REQUIRE(entry);
  CHECK(entry->value == "05");
  CHECK(entry->version == 12);
  CHECK(entry->client_flags == 4294967295U);
  CHECK(entry->seconds == 300);
  CHECK(meta("VA 1 c1 f0 t-1\r\n5\r\n", Verb::inspect)->seconds == -1);
  CHECK(meta("EN\r\n", Verb::inspect)->status == Status::missing);
  CHECK(test::decode_one("VA 1 c13\r\n6\r\n",
                         {.verb = Verb::increment, .key = "k", .versioned = true}, Dialect::meta)
            ->version == 13);
  for (const std::string_view bytes :
       {"VA 1 cx\r\n5\r\n", "VA 1 f4294967296\r\n5\r\n", "VA 1 t\r\n5\r\n", "VA 1 c-1\r\n5\r\n"}) {
    CAPTURE(bytes);
    CHECK(meta(bytes, Verb::inspect).error().code == Errc::protocol);
  }
}

TEST_CASE("an announced length that no server can hold breaks the connection off", "[memcached]") {
  for (const std::string_view bytes :
       {"VA 18446744073709551615\r\n", "VA 1073741825\r\n", "VA -1\r\n", "VA x\r\n", "VA \r\n",
        "VA 99999999999999999999999999\r\n", "VA\r\n"}) {
    CAPTURE(bytes);
    CHECK(meta(bytes, Verb::get).error().code == Errc::protocol);
  }
}

TEST_CASE("memory grows with what came and not with what was announced", "[memcached]") {
  memcached::ReplyDecoder decoder;
  decoder.feed("VA 1073741824\r\nabc");
  CHECK(decoder.advance({.verb = Verb::get, .key = "k"}, Dialect::meta) == false);
  CHECK_FALSE(decoder.idle());
  CHECK(decoder.take()->value.capacity() < 1024);
}

TEST_CASE("nonsense, endless lines and wrong lengths break the connection off", "[memcached]") {
  CHECK(meta("HTTP/1.1 400 Bad Request\r\n", Verb::get).error().code == Errc::protocol);
  CHECK(meta("VA 2\r\nabc\r\n", Verb::get).error().code == Errc::protocol);
  CHECK(meta("VA 3\r\nabc\r\n", Verb::exists).error().code == Errc::protocol);
  CHECK(meta("HD\r\n", Verb::get).error().code == Errc::protocol);
  CHECK(meta("EN\r\n", Verb::store).error().code == Errc::protocol);
  CHECK(meta("\r\n", Verb::get).error().code == Errc::protocol);
  CHECK(meta(std::string(4096, 'a'), Verb::get).error().code == Errc::protocol);
}

TEST_CASE("a server's no is the error of that one command", "[memcached]") {
  const auto refused = meta("SERVER_ERROR object too large for cache\r\n", Verb::store);
  CHECK(refused.error().code == Errc::too_large);

  const auto decoded = test::decode("SERVER_ERROR out of memory storing object\r\nHD\r\n",
                                    {.verb = Verb::store, .key = "k"}, Dialect::meta, 7);
  REQUIRE_FALSE(decoded.broken);
  REQUIRE(decoded.replies.size() == 2);
  CHECK(decoded.replies[0].error().code == Errc::rejected);
  CHECK(decoded.replies[1]->status == Status::done);
}

TEST_CASE("a store line that was refused breaks off, for its value may be read as commands",
          "[memcached]") {
  const auto decoded = test::decode("CLIENT_ERROR bad data chunk\r\nHD\r\n",
                                    {.verb = Verb::store, .key = "k"}, Dialect::meta, 100);
  CHECK(decoded.broken);
  CHECK(decoded.replies.empty());
}

TEST_CASE("nothing that follows an error is taken for a reply", "[memcached]") {
  memcached::ReplyDecoder decoder;
  const Command lookup{.verb = Verb::get, .key = "k"};
  decoder.feed("VA 2\r\nabc\r\nEN\r\n");
  const auto broken = decoder.advance(lookup, Dialect::meta);
  REQUIRE_FALSE(broken);
  decoder.feed("EN\r\n");
  for (int again = 0; again < 3; ++again) {
    CHECK(decoder.advance(lookup, Dialect::meta) == broken);
    CHECK_FALSE(decoder.idle());
  }
}

TEST_CASE("stats are gathered line by line and bounded", "[memcached]") {
  CHECK(meta("STAT pid 1\r\nSTAT version 1.6.18\r\nEND\r\n", Verb::stats)->value ==
        "pid 1\nversion 1.6.18\n");
  CHECK(meta("VERSION 1.6.18\r\n", Verb::version)->value == "1.6.18");

  std::string endless;
  while (endless.size() < 3'000'000) endless += "STAT " + std::string(1000, 'x') + " 1\r\n";
  const auto decoded = test::decode(endless, {.verb = Verb::stats}, Dialect::meta, endless.size());
  REQUIRE(decoded.broken);
  CHECK(decoded.broken->code == Errc::protocol);
}
