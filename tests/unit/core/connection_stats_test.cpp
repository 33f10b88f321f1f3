#include "support/catch.hpp"

#include <cachekit/memory.hpp>
#include <cachekit/report.hpp>

#include <vector>

using namespace cachekit;

namespace {

bool has(const std::string& text, std::string_view line) {
  return text.find(line) != std::string::npos;
}

}  // namespace

TEST_CASE("there is no mean batch before anything was sent", "[report]") {
  CHECK(ConnectionStats{}.mean_batch() == std::nullopt);
  CHECK(ConnectionStats{.requests = 7, .batches = 2}.mean_batch() == 3.5);
}

TEST_CASE("prometheus text has every figure of every node under one help and type", "[report]") {
  const std::vector<ConnectionStats> nodes{{.endpoint = "a:1",
                                            .connections = 2,
                                            .in_flight = 3,
                                            .waiting = 4,
                                            .requests = 15,
                                            .batches = 6,
                                            .reconnects = 7,
                                            .timeouts = 8,
                                            .abandoned_requests = 9},
                                           {.endpoint = "b:1"}};
  const std::string text = prometheus(nodes, "memcached");
  CHECK(has(text,
            "# TYPE cachekit_client_connections gauge\n"
            "cachekit_client_connections{backend=\"memcached\",node=\"a:1\"} 2\n"
            "cachekit_client_connections{backend=\"memcached\",node=\"b:1\"} 0\n"
            "# HELP "));
  const std::string labels = "{backend=\"memcached\",node=\"a:1\"} ";
  CHECK(has(text, "cachekit_client_requests_in_flight" + labels + "3\n"));
  CHECK(has(text, "cachekit_client_requests_waiting" + labels + "4\n"));
  CHECK(has(text, "# TYPE cachekit_client_requests_total counter\n"));
  CHECK(has(text, "cachekit_client_requests_total" + labels + "15\n"));
  CHECK(has(text, "cachekit_client_batches_total" + labels + "6\n"));
  CHECK(has(text, "# TYPE cachekit_client_batch_size_mean gauge\n"));
  CHECK(has(text, "cachekit_client_batch_size_mean" + labels + "2.5\n"));
  CHECK(has(text, "cachekit_client_reconnects_total" + labels + "7\n"));
  CHECK(has(text, "cachekit_client_timeouts_total" + labels + "8\n"));
  CHECK(has(text, "cachekit_client_abandoned_requests_total" + labels + "9\n"));
}

TEST_CASE("a cache in the process has no connections, and prometheus text none of theirs",
          "[report]") {
  InMemoryBackend memory;
  CHECK(memory.connections().empty());
  CHECK_FALSE(memory.stats().nodes.at(0).client.has_value());
  CHECK(prometheus(memory.connections(), memory.name()).empty());
}
