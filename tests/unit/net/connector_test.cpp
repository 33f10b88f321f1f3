#include "net/pool/connector.hpp"

#include "gated_channel.hpp"
#include "net/mux/combiner.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"

#include <memory>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("an attempt under way is no failure of those who do not wait for it", "[net][connect]") {
  const LinePeer server([](Descriptor& connection, int) { swallow(connection); });
  net::InFlightBounds bounds(100, 1U << 20U);
  net::ProgramOrder order;
  net::Combiner combiner({}, "peer", {bounds, order, net::Lane::shared});
  const auto gate = std::make_shared<Gate>();
  const auto connector = std::make_shared<net::Connector>(
      server.address(), std::make_shared<GatedProtocol>(gate), 20s);

  const auto first = connector->try_connect(combiner);
  REQUIRE(first.has_value());
  CHECK_FALSE(*first);
  const auto again = connector->try_connect(combiner);
  REQUIRE(again.has_value());
  CHECK_FALSE(*again);
  const auto hurried = connector->connect(combiner, Deadline::after(1ms));
  REQUIRE_FALSE(hurried.has_value());
  CHECK(hurried.error().code == Errc::timeout);

  gate->open();
  CHECK(connector->connect(combiner, Deadline::after(20s)).has_value());
  CHECK(combiner.connection().connected());
  combiner.end("the test is over");
}
