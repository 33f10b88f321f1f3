#include "memcached/batch.hpp"

#include "memcached/session.hpp"
#include "support/catch.hpp"

#include <memory>
#include <string>

using namespace cachekit;
using memcached::Batch;
using memcached::Dialect;
using memcached::Verb;
using Status = memcached::Reply::Status;

TEST_CASE("the replies of a batch are in the order of its commands at every split", "[memcached]") {
  const std::string_view bytes = "VA 1\r\na\r\nEN\r\nSERVER_ERROR busy\r\nVA 7\r\n\r\nEND\r\n\r\n";
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    memcached::MemcachedSession session;
    Batch batch;
    for (const std::string_view key : {"a", "b", "c", "d"})
      batch.add({.verb = Verb::get, .key = key});
    std::string out;
    REQUIRE(batch.encode(session, out));
    CHECK(out == "mg a v\r\nmg b v\r\nmg c v\r\nmg d v\r\n");

    session.feed(bytes.substr(0, split));
    CHECK(session.advance(batch) == (split == bytes.size()));
    session.feed(bytes.substr(split));
    REQUIRE(session.advance(batch) == true);
    CHECK(session.idle());
    CHECK(batch.replies()[0]->value == "a");
    CHECK(batch.replies()[1]->status == Status::missing);
    CHECK(batch.replies()[2].error().code == Errc::rejected);
    CHECK(batch.replies()[3]->value == "\r\nEND\r\n");
  }
}

TEST_CASE("what takes the replies of a batch that was given up on reads them as the batch would",
          "[memcached]") {
  struct Case {
    Dialect dialect;
    std::string_view answered, rest;
  };
  const Case cases[] = {
      {Dialect::meta, "VA 1\r\na\r\n", "EN\r\nHD\r\n"},
      {Dialect::classic, "VALUE a 0 1\r\na\r\nEND\r\n", "VALUE b 0 1\r\nb\r\nEND\r\nSTORED\r\n"}};
  for (const Case& c : cases) {
    memcached::MemcachedSession session;
    session.use(c.dialect);
    std::unique_ptr<net::Request> abandoned;
    {
      const std::string first = "a", second = "b";
      Batch batch;
      batch.add({.verb = Verb::get, .key = first});
      batch.add({.verb = Verb::get, .key = second});
      batch.add({.verb = Verb::store, .key = first, .value = second});
      std::string out;
      REQUIRE(batch.encode(session, out));
      session.feed(c.answered);
      REQUIRE(session.advance(batch) == false);
      abandoned = batch.abandoned();
    }
    session.feed(c.rest);
    CHECK(session.advance(*abandoned) == true);
    CHECK(session.idle());
  }
}

TEST_CASE("bytes beyond the last reply leave a session out of step", "[memcached]") {
  memcached::MemcachedSession session;
  Batch batch({.verb = Verb::get, .key = "a"});
  std::string out;
  REQUIRE(batch.encode(session, out));
  session.feed("EN\r\nE");
  CHECK(session.advance(batch) == true);
  CHECK_FALSE(session.idle());
}

TEST_CASE("what a dialect cannot say fails alone and the rest of the batch goes out",
          "[memcached]") {
  memcached::MemcachedSession session;
  session.use(Dialect::classic);
  Batch batch;
  for (const std::string_view key : {"a b", "good", "c\n"})
    batch.add({.verb = Verb::get, .key = key});
  std::string out;
  REQUIRE(batch.encode(session, out));
  CHECK(out == "get good\r\n");
  session.feed("END\r\n");
  REQUIRE(session.advance(batch) == true);
  CHECK(batch.replies()[0].error().code == Errc::invalid_argument);
  CHECK(batch.replies()[1]->status == Status::missing);
  CHECK(batch.replies()[2].error().code == Errc::invalid_argument);

  Batch hopeless({.verb = Verb::get, .key = "a b"});
  CHECK(hopeless.encode(session, out).error().code == Errc::invalid_argument);
}

TEST_CASE("a batch may be sent twice only when it changes nothing", "[memcached]") {
  for (const Verb verb : {Verb::get, Verb::exists, Verb::remaining_ttl, Verb::stats}) {
    CHECK(Batch({.verb = verb, .key = "k"}).idempotent());
  }
  for (const Verb verb :
       {Verb::store, Verb::remove, Verb::touch, Verb::increment, Verb::flush_all}) {
    Batch batch({.verb = Verb::get, .key = "k"});
    batch.add({.verb = verb, .key = "k"});
    CHECK_FALSE(batch.idempotent());
  }
}

TEST_CASE("a request tells about how large it is, whatever became of it before", "[memcached]") {
  const std::string large(100'000, 'v');
  memcached::SingleCommand lookup({.verb = Verb::get, .key = "key"});
  CHECK(lookup.bytes() == 3);
  const memcached::SingleCommand store({.verb = Verb::store, .key = "key", .value = large});
  CHECK(store.bytes() == 100'003);

  Batch batch(memcached::Command{.verb = Verb::store, .key = "key", .value = large});
  CHECK(batch.bytes() >= 100'003);
  CHECK(batch.bytes() < 101'000);
  for (int i = 0; i < 9; ++i) batch.add({.verb = Verb::store, .key = "key", .value = large});
  CHECK(batch.bytes() >= 1'000'030);
  CHECK(batch.bytes() < 1'010'000);
  memcached::MemcachedSession session;
  std::string out;
  const std::size_t before = batch.bytes();
  REQUIRE(batch.encode(session, out));
  CHECK(batch.bytes() == before);
  CHECK(Batch().bytes() == 0);
}
