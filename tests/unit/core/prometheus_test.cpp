#include "support/catch.hpp"
#include "support/prometheus_check.hpp"

#include <cachekit/prometheus.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;
using Event = CacheMetrics::Event;

namespace {

bool page_has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t times_in(const std::string& text, std::string_view part) {
  std::size_t times = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++times;
  return times;
}

}  // namespace

TEST_CASE("several sources on one page share each HELP and TYPE", "[prometheus]") {
  CacheMetrics backend, expander;
  backend.count(Event::hit, 3);
  backend.count(Event::miss);
  backend.record_latency(200us);
  expander.count(Event::load);
  expander.record_latency(1h);
  const std::vector<ConnectionStats> connections{
      {.endpoint = "a:1", .connections = 1, .requests = 4, .batches = 2}, {.endpoint = "b:1"}};
  const StatsReport report{
      {{.endpoint = "a:1", .items = 5, .hits = 9, .misses = 1, .client = connections[1]},
       {.endpoint = "c:1", .error = Error{Errc::unavailable, "down"}}}};

  PrometheusPage page;
  page.add(backend, "redis").add(expander, "expander:redis").add(connections, "redis");
  page.add(report, "memcached");
  const std::string text = page.text();
  INFO(text);
  CHECK(test::prometheus_problems(text) == std::vector<std::string>{});
  CHECK(times_in(text, "# TYPE cachekit_hits_total counter\n") == 1);
  CHECK(page_has(text,
                 "cachekit_hits_total{backend=\"redis\"} 3\n"
                 "cachekit_hits_total{backend=\"expander:redis\"} 0\n"));
  CHECK(page_has(text, "cachekit_hit_ratio{backend=\"redis\"} 0.75\n"));
  CHECK(page_has(text, "cachekit_client_batch_size_mean{backend=\"redis\",node=\"a:1\"} 2\n"));
  CHECK(page_has(text, "cachekit_server_up{backend=\"memcached\",node=\"c:1\"} 0\n"));
  CHECK(page_has(text, "cachekit_server_hit_ratio{backend=\"memcached\",node=\"a:1\"} 0.9\n"));
}

TEST_CASE("0 of 0 and what is not known are no series", "[prometheus]") {
  const CacheMetrics nothing_asked;
  const std::vector<ConnectionStats> nothing_sent{{.endpoint = "a:1"}};
  const StatsReport nothing_known{
      {{.endpoint = "a:1"}, {.endpoint = "b:1", .hits = 0, .misses = 0}}};
  PrometheusPage page;
  page.add(nothing_asked, "x").add(nothing_sent, "x").add(nothing_known, "x");
  page.gauge("not_a_number", "Help.", {}, 0.0 / 0.0);
  const std::string text = page.text();
  CHECK(test::prometheus_problems(text) == std::vector<std::string>{});
  CHECK_FALSE(page_has(text, "_ratio"));
  CHECK_FALSE(page_has(text, "batch_size_mean"));
  CHECK_FALSE(page_has(text, "cachekit_server_items"));
  CHECK_FALSE(page_has(text, "not_a_number"));
  CHECK(page_has(text, "cachekit_server_hits_total{backend=\"x\",node=\"b:1\"} 0\n"));
}

TEST_CASE("sources with the same labels add up to one series", "[prometheus]") {
  CacheMetrics first, second;
  first.count(Event::hit, 9);
  first.count(Event::miss);
  second.count(Event::miss, 10);
  first.record_latency(1ms);
  second.record_latency(1s);
  PrometheusPage page;
  const std::string text = page.add(first, "memory").add(second, "memory").text();
  CHECK(test::prometheus_problems(text) == std::vector<std::string>{});
  CHECK(page_has(text, "cachekit_misses_total{backend=\"memory\"} 11\n"));
  CHECK(page_has(text, "cachekit_hit_ratio{backend=\"memory\"} 0.45\n"));
  CHECK(page_has(text, "cachekit_operation_duration_seconds_count{backend=\"memory\"} 2\n"));
}

TEST_CASE("no label can end itself or the page", "[prometheus]") {
  const std::vector<ConnectionStats> nodes{{.endpoint = "/tmp/a\"b\\c\nd\xFF"}};
  const std::string text = PrometheusPage().add(nodes, "redis").text();
  CHECK(test::prometheus_problems(text) == std::vector<std::string>{});
  CHECK(page_has(text, "node=\"/tmp/a\\\"b\\\\c\\nd\xEF\xBF\xBD\"} 0\n"));
  const std::string own =
      PrometheusPage().counter("x_total", "Two\nlines \\ \"q\".", {}, 18446744073709551615U).text();
  CHECK(own ==
        "# HELP x_total Two\\nlines \\\\ \"q\".\n# TYPE x_total counter\n"
        "x_total 18446744073709551615\n");
}

TEST_CASE("a page without sources is empty", "[prometheus]") {
  CHECK(PrometheusPage().text().empty());
}
