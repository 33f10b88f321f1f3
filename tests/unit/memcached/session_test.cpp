#include "memcached/session.hpp"

#include "support/catch.hpp"

#include <chrono>

using namespace cachekit;
using memcached::Dialect;
using memcached::MemcachedSession;
using namespace std::chrono_literals;

TEST_CASE("a session that speaks classic by suspicion is to be replaced after a while",
          "[memcached]") {
  MemcachedSession session;
  CHECK_FALSE(session.retiring());
  session.suspect(Deadline::after(1h));
  CHECK(session.dialect() == Dialect::classic);
  CHECK_FALSE(session.retiring());
  session.suspect(Deadline::after(0s));
  CHECK(session.dialect() == Dialect::classic);
  CHECK(session.retiring());
}

TEST_CASE("a session that was told to speak classic stays", "[memcached]") {
  MemcachedSession session;
  session.use(Dialect::classic);
  CHECK_FALSE(session.retiring());
}

TEST_CASE("what a server says before it turns a connection away is told", "[memcached]") {
  const MemcachedSession session;
  const auto told = session.refusal("ERROR Too many open connections\r\n");
  REQUIRE(told);
  CHECK(told->code == Errc::unavailable);
  CHECK(told->message.find("Too many open connections") != std::string::npos);
  CHECK_FALSE(told->hint.empty());

  // Whatever else it says with nobody asking, it is gone for now.
  const auto busy = session.refusal("SERVER_ERROR busy\r\nSERVER_ERROR more\r\n");
  REQUIRE(busy);
  CHECK(busy->code == Errc::unavailable);
  CHECK(busy->message.find("busy") != std::string::npos);
  CHECK(busy->message.find("more") == std::string::npos);
}

TEST_CASE("bytes that are no refusal mean nothing", "[memcached]") {
  const MemcachedSession session;
  for (const std::string_view bytes :
       {"", "ERR", "ERROR\r\n", "STORED\r\n", "VA 1\r\na\r\n", "CLIENT_ERROR bad data chunk\r\n",
        "\r\nSERVER_ERROR busy\r\n", "SERVER_ERRO"}) {
    CAPTURE(bytes);
    CHECK_FALSE(session.refusal(bytes));
  }
}
