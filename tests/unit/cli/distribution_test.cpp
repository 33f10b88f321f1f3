#include "load/distribution.hpp"

#include "support/catch.hpp"

#include <cmath>
#include <set>
#include <vector>

using namespace cachekit::cli;

namespace {

std::vector<double> expected_zipf(std::uint64_t n, double exponent) {
  std::vector<double> shares;
  double sum = 0;
  for (std::uint64_t k = 1; k <= n; ++k) {
    shares.push_back(std::pow(static_cast<double>(k), -exponent));
    sum += shares.back();
  }
  for (double& share : shares) share /= sum;
  return shares;
}

std::vector<std::uint64_t> drawn(const Distribution& distribution, std::uint64_t keys, int draws) {
  std::vector<std::uint64_t> counts(keys);
  KeyPicker picker(distribution, keys, 0);
  Random random(42);
  for (int i = 0; i < draws; ++i) {
    const std::uint64_t key = picker.next(random);
    REQUIRE(key < keys);
    ++counts[key];
  }
  return counts;
}

// How far the counts are off, in units of what chance alone would give (about 1 is fair).
double chi_square_per_key(const std::vector<std::uint64_t>& counts,
                          const std::vector<double>& shares, int draws) {
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = shares[i] * draws;
    const double off = static_cast<double>(counts[i]) - expected;
    sum += off * off / expected;
  }
  return sum / static_cast<double>(counts.size() - 1);
}

}  // namespace

TEST_CASE("zipf draws each rank as often as its law says", "[cli][bench][zipf]") {
  constexpr int draws = 1'000'000;
  for (const double exponent : {0.5, 0.99, 1.0, 1.2, 2.0}) {
    CAPTURE(exponent);
    const auto counts = drawn({Distribution::Kind::zipf, exponent}, 100, draws);
    const double off = chi_square_per_key(counts, expected_zipf(100, exponent), draws);
    CHECK(off < 1.6);  // Beyond one in ten thousand for a fair draw.
    CHECK(off > 0.5);
  }
}

TEST_CASE("zipf holds at its edges", "[cli][bench][zipf]") {
  Random random(7);
  const Zipf one(1, 0.99);
  const Zipf two(2, 1.0);
  const Zipf huge(1'000'000'000, 0.99);
  const Zipf steep(1000, 10);
  for (int i = 0; i < 100'000; ++i) {
    REQUIRE(one(random) == 1);
    const std::uint64_t b = two(random);
    REQUIRE((b == 1 || b == 2));
    const std::uint64_t c = huge(random);
    REQUIRE((c >= 1 && c <= 1'000'000'000));
    const std::uint64_t d = steep(random);
    REQUIRE((d >= 1 && d <= 1000));
  }
}

TEST_CASE("uniform gives every key its share", "[cli][bench]") {
  constexpr int draws = 1'000'000;
  const auto counts = drawn({}, 100, draws);
  CHECK(chi_square_per_key(counts, std::vector<double>(100, 0.01), draws) < 1.6);
}

TEST_CASE("sequential visits every key in turn, from where it is told", "[cli][bench]") {
  KeyPicker picker({Distribution::Kind::sequential}, 5, 3);
  Random random(1);
  std::vector<std::uint64_t> seen;
  for (int i = 0; i < 7; ++i) seen.push_back(picker.next(random));
  CHECK(seen == std::vector<std::uint64_t>{3, 4, 0, 1, 2, 3, 4});
}

TEST_CASE("one seed gives one sequence", "[cli][bench]") {
  const Distribution zipf{Distribution::Kind::zipf, 0.99};
  KeyPicker a(zipf, 1000, 0);
  KeyPicker b(zipf, 1000, 0);
  Random first(5);
  Random second(5);
  for (int i = 0; i < 1000; ++i) REQUIRE(a.next(first) == b.next(second));
}

TEST_CASE("a trace is a file's name", "[cli][bench]") {
  const auto trace = parse_distribution("trace:/some/file.xz");
  REQUIRE(trace.has_value());
  CHECK(trace->kind == Distribution::Kind::trace);
  CHECK(trace->trace == "/some/file.xz");
  CHECK(to_string(*trace) == "trace:/some/file.xz");
}

TEST_CASE("a distribution reads back as it is written", "[cli][bench]") {
  for (const char* text : {"uniform", "sequential", "zipf:0.99", "zipf:1.2"}) {
    CHECK(to_string(*parse_distribution(text)) == text);
  }
  CHECK(to_string(*parse_distribution("zipf")) == "zipf:0.99");
  for (const char* text : {"", "zipf:", "zipf:0", "zipf:-1", "zipf:11", "zipf:x", "zipf:nan",
                           "trace:", "trace:-", "Uniform"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_distribution(text).has_value());
  }
}
