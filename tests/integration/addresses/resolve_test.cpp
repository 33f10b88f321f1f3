#include "fake_network.hpp"
#include "support/catch.hpp"
#include "support/fault_proxy.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"
#include "support/servers.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/redis.hpp>

#include <memory>
#include <string>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// A server behind a proxy on 127.0.0.1, and a client that knows it by the name alone. Nothing
// listens on the port at 127.0.0.2 and ::1.
class NamedServer {
 public:
  explicit NamedServer(bool redis) {
    if (redis) {
      server_ = std::make_unique<RedisServer>();
    } else {
      server_ = std::make_unique<MemcachedServer>();
    }
    proxy_ = std::make_unique<FaultProxy>(server_->port());
    if (redis) {
      cache_ = std::make_unique<RedisBackend>(
          RedisConfig{.host = fake_host,
                      .port = proxy_->port(),
                      .operation_timeout = std::chrono::seconds(30)});
    } else {
      cache_ = std::make_unique<MemcachedBackend>(MemcachedConfig{
          .servers = {std::string(fake_host) + ":" + std::to_string(proxy_->port())},
          .operation_timeout = std::chrono::seconds(30)});
    }
  }
  [[nodiscard]] FaultProxy& proxy() { return *proxy_; }
  [[nodiscard]] CacheBackend& cache() { return *cache_; }

 private:
  std::unique_ptr<LocalServer> server_;
  std::unique_ptr<FaultProxy> proxy_;
  std::unique_ptr<CacheBackend> cache_;
};

}  // namespace

TEST_CASE("a name with addresses where nobody listens leads to the one where somebody does",
          "[faults]") {
  NamedServer server(GENERATE(true, false));
  set_addresses({"127.0.0.2", "::1", "127.0.0.1"});
  CHECK(must(server.cache().set("k", "v")));
  CHECK(must(server.cache().get("k")) == "v");
}

TEST_CASE("a name that has moved is followed on the next connect", "[faults]") {
  NamedServer server(GENERATE(true, false));
  set_addresses({"127.0.0.2"});
  CHECK(code_of(server.cache().get("k")) == "unavailable");
  for (int move = 0; move < 3; ++move) {
    set_addresses({"127.0.0.1"});
    CHECK(eventually([&] { return server.cache().set("k", "v") == true; }));

    // The old address still has a server, as after a failover: it must not be dialled any more.
    set_addresses({"127.0.0.2"});
    const int before = resolutions();
    const std::size_t connections = server.proxy().connections();
    server.proxy().close_connections();
    CHECK(code_of(server.cache().get("k")) == "unavailable");
    CHECK(resolutions() > before);
    CHECK(server.proxy().connections() == connections);
  }
}
