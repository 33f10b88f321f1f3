#include "support/catch.hpp"

#include <cachekit/deadline.hpp>

#include <chrono>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

// As many milliseconds as the clock's own unit can count: about 292 years.
constexpr auto countable =
    std::chrono::floor<std::chrono::milliseconds>(Deadline::clock::duration::max());
constexpr auto year = std::chrono::hours(24) * 365;
constexpr Deadline::clock::time_point some_time{std::chrono::hours(100'000)};

}  // namespace

TEST_CASE("a budget that the clock cannot count is no limit, never a moment in the past",
          "[deadline]") {
  using std::chrono::milliseconds;
  const auto budget =
      GENERATE(milliseconds(countable), countable + 1ms, countable * 2, milliseconds::max() - 1ms,
               milliseconds::max(), milliseconds(year * 293), milliseconds(year * 1000));
  CAPTURE(budget);
  const Deadline deadline = Deadline::after(budget, some_time);
  CHECK(deadline.never());
  CHECK_FALSE(deadline.expired());
  CHECK(deadline.remaining() == forever);
  CHECK(Deadline::after(budget).never());
}

TEST_CASE("the longest budget that the clock can count is counted", "[deadline]") {
  const auto longest =
      std::chrono::floor<std::chrono::milliseconds>(Deadline::clock::time_point::max() - some_time);
  CHECK(Deadline::after(longest - 1ms, some_time).at() == some_time + (longest - 1ms));
  CHECK_FALSE(Deadline::after(longest - 1ms, some_time).expired());
  const auto left = Deadline::after(year * 100).remaining();
  CHECK(left > year * 99);
  CHECK(left < forever);
}

TEST_CASE("a budget below zero is one that is over", "[deadline]") {
  const auto budget = GENERATE(-1ms, -countable - 2ms, std::chrono::milliseconds::min(), 0 * 1ms);
  const Deadline deadline = Deadline::after(budget);
  CHECK(deadline.expired());
  CHECK(deadline.remaining() == 0ms);
  CHECK(earlier(deadline, Deadline::after(forever)).expired());
}

TEST_CASE("cut deadlines are over at that moment, those without a limit never", "[deadline]") {
  const Deadline deadline = Deadline::after(std::chrono::hours(1));
  const Deadline never = Deadline::after(forever);
  const Deadline past = Deadline::after(0ms);
  Deadline::cut_all(Deadline::clock::now());
  CHECK(deadline.expired());
  CHECK(deadline.remaining() == 0ms);
  CHECK(deadline.at() <= Deadline::clock::now());
  CHECK(Deadline::after(std::chrono::hours(1)).expired());
  CHECK(past.expired());
  CHECK_FALSE(never.expired());
  CHECK(never.remaining() == forever);
  Deadline::uncut_all();
  CHECK_FALSE(deadline.expired());
  CHECK(deadline.remaining() > 50min);
}
