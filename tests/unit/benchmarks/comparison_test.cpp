#include "harness/comparison.hpp"

#include "support/catch.hpp"

using namespace cachekit::bench;

TEST_CASE("a median is the middle value, or the mean of the middle two", "[bench]") {
  CHECK(median({7}) == 7);
  CHECK(median({9, 1, 5}) == 5);
  CHECK(median({4, 1, 3, 2}) == Approx(2.5));
}

TEST_CASE("a quantile is a value that occurred", "[bench]") {
  const std::vector<double> values{50, 20, 40, 10, 30};
  CHECK(quantile(values, 0) == 10);
  CHECK(quantile(values, 0.2) == 10);
  CHECK(quantile(values, 0.5) == 30);
  CHECK(quantile(values, 0.99) == 50);
  CHECK(quantile(values, 1) == 50);
  CHECK(quantile({3}, 0.99) == 3);
}

TEST_CASE("the two ratios of a comparison may differ", "[bench]") {
  // In the second round the machine was slow for both.
  const Comparison comparison =
      compare(std::vector<double>{100, 40, 90}, std::vector<double>{50, 10, 60});
  CHECK(comparison.subject_median == 90);
  CHECK(comparison.peer_median == 50);
  CHECK(comparison.ratio_of_medians == Approx(1.8));  // 90 / 50
  CHECK(comparison.median_of_ratios == Approx(2.0));  // of 2, 4 and 1.5
}

TEST_CASE("the quartiles of the ratios tell how sure a comparison is", "[bench]") {
  const Comparison comparison =
      compare(std::vector<double>{4, 1, 3, 2}, std::vector<double>{1, 1, 1, 1});
  CHECK(comparison.lower_quartile == 1);
  CHECK(comparison.upper_quartile == 3);
}

namespace {

// What a goal of that kind says to this median of the rounds' ratios.
Verdict verdict(double ratio, const Goal& goal, Better better) {
  return judge(compare(std::vector{ratio}, std::vector{1.0}), goal, better);
}

}  // namespace

TEST_CASE("where more is better a goal is a lower bound", "[bench]") {
  const Goal goal{.must = 2, .aim = 3};
  CHECK(verdict(3, goal, Better::higher) == Verdict::aim);
  CHECK(verdict(2.9, goal, Better::higher) == Verdict::must);
  CHECK(verdict(2, goal, Better::higher) == Verdict::must);
  CHECK(verdict(1.9, goal, Better::higher) == Verdict::falls_short);
}

TEST_CASE("where less is better a goal is an upper bound", "[bench]") {
  const Goal goal{.must = 1.05, .aim = 1};
  CHECK(verdict(0.9, goal, Better::lower) == Verdict::aim);
  CHECK(verdict(1, goal, Better::lower) == Verdict::aim);
  CHECK(verdict(1.01, goal, Better::lower) == Verdict::must);
  CHECK(verdict(1.06, goal, Better::lower) == Verdict::falls_short);
}

TEST_CASE("a goal is held against the rounds, not against the medians", "[bench]") {
  // Two of three times both ran alike; in the last round only the peer was lucky.
  const Comparison comparison =
      compare(std::vector<double>{10, 40, 12}, std::vector<double>{10, 40, 40});
  CHECK(comparison.ratio_of_medians == Approx(0.3));
  CHECK(judge(comparison, Goal{.must = 0.97, .aim = 1}, Better::higher) == Verdict::aim);
}

TEST_CASE("without a goal nothing is judged", "[bench]") {
  const Comparison comparison = compare(std::vector<double>{1}, std::vector<double>{100});
  CHECK(judge(comparison, std::nullopt, Better::higher) == Verdict::not_judged);
}
