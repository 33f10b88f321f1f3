#include "memcached/dialect.hpp"
#include "support/catch.hpp"

using namespace cachekit;
using memcached::Command;
using memcached::Dialect;
using memcached::Verb;

namespace {

std::string encoded(Dialect dialect, const Command& command) {
  std::string out;
  const Result<void> done = memcached::encode(dialect, command, out);
  if (!done) CHECK(out.empty());
  return done ? out : "refused: " + std::string(to_string(done.error().code));
}

std::string meta(const Command& command) { return encoded(Dialect::meta, command); }
std::string classic(const Command& command) { return encoded(Dialect::classic, command); }

}  // namespace

TEST_CASE("commands are written in the meta dialect", "[memcached]") {
  CHECK(meta({.verb = Verb::get, .key = "k"}) == "mg k v\r\n");
  CHECK(meta({.verb = Verb::exists, .key = "k"}) == "mg k\r\n");
  CHECK(meta({.verb = Verb::remaining_ttl, .key = "k"}) == "mg k t\r\n");
  CHECK(meta({.verb = Verb::touch, .key = "k", .expiry = 9}) == "mg k T9\r\n");
  CHECK(meta({.verb = Verb::remove, .key = "k"}) == "md k\r\n");
  CHECK(meta({.verb = Verb::store, .key = "k", .value = "a\r\nb"}) == "ms k 4 T0\r\na\r\nb\r\n");
  CHECK(meta({.verb = Verb::store, .key = "k", .condition = SetCondition::if_absent}) ==
        "ms k 0 T0 ME\r\n\r\n");
  CHECK(meta({.verb = Verb::store, .key = "k", .condition = SetCondition::if_present}) ==
        "ms k 0 T0 MR\r\n\r\n");
  CHECK(meta({.verb = Verb::increment, .key = "k", .delta = 5}) == "ma k N0 J5 D5 v\r\n");
  CHECK(meta({.verb = Verb::increment, .key = "k", .delta = -5}) == "ma k N0 J0 D5 MD v\r\n");
  CHECK(meta({.verb = Verb::increment, .key = "k", .delta = INT64_MIN}) ==
        "ma k N0 J0 D9223372036854775808 MD v\r\n");
  CHECK(meta({.verb = Verb::increment, .key = "k", .delta = -5, .versioned = true}) ==
        "ma k N0 J0 D5 MD c v\r\n");
  CHECK(meta({.verb = Verb::inspect, .key = "k"}) == "mg k c f t v\r\n");
  CHECK(meta({.verb = Verb::store,
              .key = "k",
              .value = "05",
              .expiry = 7,
              .version = 12,
              .client_flags = 3}) == "ms k 2 T7 F3 C12\r\n05\r\n");
  CHECK(meta({.verb = Verb::gets, .key = "k"}) == "mg k c v\r\n");
  CHECK(meta({.verb = Verb::remove, .key = "k", .version = 12}) == "md k C12\r\n");
  CHECK(meta({.verb = Verb::probe}) == "mn\r\n");
}

TEST_CASE("commands are written in the classic dialect", "[memcached]") {
  CHECK(classic({.verb = Verb::get, .key = "k"}) == "get k\r\n");
  CHECK(classic({.verb = Verb::exists, .key = "k"}) == "get k\r\n");
  CHECK(classic({.verb = Verb::touch, .key = "k", .expiry = 9}) == "touch k 9\r\n");
  CHECK(classic({.verb = Verb::remove, .key = "k"}) == "delete k\r\n");
  CHECK(classic({.verb = Verb::store, .key = "k", .value = "ab", .expiry = 7}) ==
        "set k 0 7 2\r\nab\r\n");
  CHECK(classic({.verb = Verb::store, .key = "k", .condition = SetCondition::if_absent}) ==
        "add k 0 0 0\r\n\r\n");
  CHECK(classic({.verb = Verb::store, .key = "k", .condition = SetCondition::if_present}) ==
        "replace k 0 0 0\r\n\r\n");
  CHECK(classic({.verb = Verb::increment, .key = "k", .delta = 5}) == "incr k 5\r\n");
  CHECK(classic({.verb = Verb::increment, .key = "k", .delta = -5}) == "decr k 5\r\n");
  CHECK(classic({.verb = Verb::inspect, .key = "k"}) == "get k\r\n");
  CHECK(classic({.verb = Verb::increment, .key = "k", .delta = 5, .versioned = true}) ==
        "refused: unsupported");
  CHECK(classic({.verb = Verb::increment, .key = "k", .version = 5}) == "refused: unsupported");
  CHECK(classic({.verb = Verb::gets, .key = "k"}) == "gets k\r\n");
  CHECK(classic({.verb = Verb::store, .key = "k", .value = "ab", .expiry = 7, .version = 5}) ==
        "cas k 0 7 2 5\r\nab\r\n");
  CHECK(classic({.verb = Verb::remove, .key = "k", .version = 5}) == "cas k 0 -1 0 5\r\n\r\n");
  CHECK(classic({.verb = Verb::version}) == "version\r\n");
  CHECK(classic({.verb = Verb::stats}) == "stats\r\n");
  CHECK(classic({.verb = Verb::flush_all}) == "flush_all\r\n");
  CHECK(classic({.verb = Verb::remaining_ttl, .key = "k"}) == "refused: unsupported");
}

TEST_CASE("no key can end a line or start a command, in either dialect", "[memcached]") {
  const std::string_view hostile = "x v\r\nflush_all\r\nmg y";
  for (const Verb verb : {Verb::get, Verb::exists, Verb::touch, Verb::remove, Verb::increment,
                          Verb::remaining_ttl, Verb::store, Verb::gets}) {
    const std::string line = meta({.verb = verb, .key = hostile});
    CHECK(line.find("flush_all") == std::string::npos);
    CHECK(line.find(" b") != std::string::npos);
    CHECK(classic({.verb = verb, .key = hostile}) == "refused: invalid_argument");
  }
  CHECK(meta({.verb = Verb::get, .key = hostile}) == "mg eCB2DQpmbHVzaF9hbGwNCm1nIHk= b v\r\n");
}
