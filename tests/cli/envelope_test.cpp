#include "core/envelope.hpp"

#include "cli/run_cachekit.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/servers.hpp"

#include <nlohmann/json.hpp>

using namespace cachekit::test;
using nlohmann::json;

namespace {

// A value as the expander stores it: from the year 2020, two seconds into a minute.
std::string stored_in_2020() {
  using namespace std::chrono;
  const cachekit::UnixMillis created(milliseconds(1'577'836'802'345));
  return must(cachekit::encode_envelope({.codec = cachekit::CodecId::json,
                                         .schema = 3,
                                         .created = created,
                                         .expiry = created + hours(1),
                                         .load_cost = microseconds(1500),
                                         .payload = "{\"id\":7}"}));
}

}  // namespace

TEST_CASE("get --decode prints the envelope's fields, then the payload", "[cli][get]") {
  const RedisServer server;
  REQUIRE(run_cachekit({"-u", server.url(), "set", "k", "-"}, stored_in_2020()).exit_code == 0);
  const auto text = run_cachekit({"-u", server.url(), "get", "k", "--decode"});
  CHECK(text.exit_code == 0);
  CHECK(text.out ==
        "codec\tjson\n"
        "schema\t3\n"
        "created\t2020-01-01T00:00:02.345Z\n"
        "expiry\t2020-01-01T01:00:02.345Z\n"
        "load_cost\t1500us\n"
        "payload\t8 bytes\n"
        "\n"
        "{\"id\":7}");
  const auto lines = run_cachekit({"-u", server.url(), "--json", "get", "k", "--decode"});
  CHECK(json::parse(lines.out) == json({{"key", "k"},
                                        {"found", true},
                                        {"value", "{\"id\":7}"},
                                        {"envelope",
                                         {{"codec", "json"},
                                          {"schema", 3},
                                          {"created_ms", 1'577'836'802'345},
                                          {"expiry_ms", 1'577'840'402'345},
                                          {"load_cost_us", 1500},
                                          {"payload_bytes", 8}}}}));
}

TEST_CASE("get --explain says where a value came from and how old it is", "[cli][get]") {
  const RedisServer server;
  REQUIRE(run_cachekit({"-u", server.url(), "set", "k", "-", "--ttl", "1d"}, stored_in_2020())
              .exit_code == 0);
  const auto found = run_cachekit({"-u", server.url(), "get", "k", "--explain"});
  CHECK(found.out == stored_in_2020());
  CHECK(found.err.find("k: hit from Tier-0 redis, redis://" + server.endpoint()) == 0);
  CHECK(found.err.find(" old; TTL ") != std::string::npos);
  const auto missed = run_cachekit({"-u", server.url(), "get", "no", "--explain"});
  CHECK(missed.exit_code == 1);
  CHECK(missed.err.find("no: miss from Tier-0 redis") == 0);
  const json line =
      json::parse(run_cachekit({"-u", server.url(), "--json", "get", "k", "--explain"}).out);
  CHECK(line["explain"]["why"] == "hit");
  CHECK(line["explain"]["age_ms"] > 0);
}
