#include "harness/run_contest.hpp"

#include "harness/failure.hpp"
#include "harness/results_json.hpp"
#include "harness/table.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace cachekit::bench;

namespace {

// Reaches 10, 20, 30, ... times its factor, and writes down that it ran.
Contestant counting(const std::string& name, double factor, std::string& order) {
  return {name, [name, factor, &order, turn = -1](Seconds) mutable {
            order += name;
            ++turn;
            return Sample{.figure = turn == 0 ? 1 : 10 * turn * factor, .cpu_us_per_op = factor};
          }};
}

std::vector<RowResult> results_of(Contest contest, std::string& order) {
  const std::vector contestants{counting("A", 2, order), counting("B", 1, order)};
  return evaluate(contest, run_contest(contestants, {.rounds = 3}));
}

const Contest two{.unit = "ops/s",
                  .rows = {{.id = "a-b", .title = "A against B", .goal = Goal{1.5, 2.0}}}};

}  // namespace

TEST_CASE("contestants run in turns, and their first turn does not count", "[bench]") {
  std::string order;
  const std::vector<RowResult> results = results_of(two, order);
  CHECK(order ==
        "AB"
        "ABABAB");
  REQUIRE(results.size() == 1);
  CHECK(results[0].subject.figures == std::vector<double>{20, 40, 60});
  CHECK(results[0].peer.figures == std::vector<double>{10, 20, 30});
  CHECK(results[0].comparison.ratio_of_medians == Approx(2));
  CHECK(results[0].verdict == Verdict::aim);
}

TEST_CASE("a contestant that fails is named", "[bench]") {
  const std::vector<Contestant> contestants{
      {"broken", [](Seconds) -> Sample { throw BenchFailure("a wrong value"); }}};
  CHECK_THROWS_WITH(run_contest(contestants, {}), "broken: a wrong value");
}

TEST_CASE("a turn without an operation is a failure, not a ratio", "[bench]") {
  const std::vector<Contestant> contestants{{"idle", [](Seconds) { return Sample{}; }}};
  CHECK_THROWS_WITH(run_contest(contestants, {}), "idle: no operation was finished");
}

TEST_CASE("the JSON has what a program needs to judge a row", "[bench]") {
  std::string order;
  const auto json = nlohmann::json::parse(
      results_json(results_of(two, order), {.rounds = 3}, {{"cores", "2"}}, {{"redis", "7"}}));
  CHECK(json["schema"] == "cachekit-sidebyside/1");
  CHECK(json["rounds"] == 3);
  CHECK(json["machine"]["cores"] == "2");
  CHECK(json["versions"]["redis"] == "7");
  const auto& row = json["rows"][0];
  CHECK(row["row"] == "a-b");
  CHECK(row["better"] == "higher");
  CHECK(row["subject"]["median"] == 40);
  CHECK(row["peer"]["rounds"] == nlohmann::json{10.0, 20.0, 30.0});
  CHECK(row["ratio_of_medians"] == 2.0);
  CHECK(row["median_of_ratios"] == 2.0);
  CHECK(row["ratio_quartiles"] == nlohmann::json{2.0, 2.0});
  CHECK(row["must"] == 1.5);
  CHECK(row["aim"] == 2.0);
  CHECK(row["verdict"] == "aim");
}

TEST_CASE("a row that is not judged has no goal", "[bench]") {
  Contest contest = two;
  contest.rows[0].goal.reset();
  std::string order;
  const std::vector<RowResult> results = results_of(contest, order);
  const auto json = nlohmann::json::parse(results_json(results, {}, {}, {}));
  CHECK(json["rows"][0]["must"].is_null());
  CHECK(json["rows"][0]["verdict"] == "none");
  CHECK(table_row(results[0]).ends_with("  -\n"));
}

TEST_CASE("a table line has the figures, both ratios and the verdict", "[bench]") {
  std::string order;
  Contest contest = two;
  contest.rows[0].goal = Goal{.must = 3, .aim = 4};
  std::vector<RowResult> results = results_of(contest, order);
  results[0].comparison.subject_median = 1234567;
  const std::string line = table_row(results[0]);
  for (const char* word : {"a-b", "1,234,567", "20.0", "2.00", "3.00", "4.00", "FALLS SHORT"}) {
    CAPTURE(line, word);
    CHECK(line.find(word) != std::string::npos);
  }
}
