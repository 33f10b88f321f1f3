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
  CHECK(meta("VA 9 f0 s9\r\n\r\nEND\r\n\r\n\r\n", Verb::get)->value == "\r\nEND\r\n\r\n");
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
      Row{"HD\r\n", Verb::store, Status::done}, Row{"NS\r\n", Verb::store, Status::refused},
      Row{"EX\r\n", Verb::store, Status::refused}, Row{"NF\r\n", Verb::store, Status::refused},
      Row{"HD\r\n", Verb::remove, Status::done}, Row{"NF\r\n", Verb::remove, Status::missing},
      Row{"NF\r\n", Verb::increment, Status::missing},
      Row{"NS\r\n", Verb::increment, Status::missing}, Row{"MN\r\n", Verb::probe, Status::done},
      Row{"ERROR\r\n", Verb::probe, Status::missing},
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
  CHECK(meta("VA 1 c13\r\n6\r\n", Verb::increment)->version == 13);
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
