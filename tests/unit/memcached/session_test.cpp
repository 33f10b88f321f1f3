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
  session.use(Dialect::classic);
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
