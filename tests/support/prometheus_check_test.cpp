#include "support/prometheus_check.hpp"

#include "support/catch.hpp"

#include <string>

using namespace cachekit::test;

namespace {

const std::string head = "# HELP a_total Help.\n# TYPE a_total counter\n";

bool finds(const std::string& page, std::string_view problem) {
  for (const std::string& found : prometheus_problems(page)) {
    if (found.find(problem) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a good page of the Prometheus format has no problems", "[support][prometheus]") {
  CHECK(prometheus_problems("").empty());
  CHECK(
      prometheus_problems(head + "a_total{x=\"1\",y=\"q\\\"\\\\\\n\"} 5\na_total 1e+16\n").empty());
  CHECK(prometheus_problems("# HELP h_seconds H.\n# TYPE h_seconds histogram\n"
                            "h_seconds_bucket{le=\"0.1\"} 1\nh_seconds_bucket{le=\"+Inf\"} 2\n"
                            "h_seconds_sum 0.3\nh_seconds_count 2\n")
            .empty());
}

TEST_CASE("each fault of a page of the Prometheus format is found", "[support][prometheus]") {
  CHECK(finds(head + "a_total 1\n" + head + "a_total{x=\"1\"} 1\n", "second TYPE"));
  CHECK(finds(head + "a_total 1\na_total 2\n", "series twice"));
  CHECK(finds(head + "b_total 1\n", "below the TYPE of a_total"));
  CHECK(finds(head + "a_total{x=\"a\"b\"} 1\n", "no sample"));
  CHECK(finds(head + "a_total{x=\"a\\t\"} 1\n", "no sample"));
  CHECK(finds(head + "a_total null\n", "no number"));
  CHECK(finds(head, "no sample"));
  CHECK(finds("# TYPE a_total counter\na_total 1\n", "no HELP before TYPE"));
  CHECK(finds("# HELP a_s H.\n# TYPE a_s gauge\na_s 1\n", "not in base units"));
  CHECK(finds("# HELP a H.\n# TYPE a counter\na 1\n", "_total or counter"));
  CHECK(finds("# HELP a_total H.\n# TYPE a_total gauge\na_total 1\n", "_total or counter"));
  CHECK(
      finds("# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\n"
            "h_sum 1\nh_count 1\n",
            "not cumulative"));
  CHECK(finds("# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 1\nh_count 2\n",
              "no +Inf bucket"));
}
