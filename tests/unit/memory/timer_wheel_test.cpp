#include "memory/timer_wheel.hpp"

#include "entries.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

using namespace cachekit::memory;
using namespace std::chrono_literals;

namespace {

constexpr Time begin_of_time{1h};

EntryPtr entry_until(Time at) { return make_entry({"k", 0}, "v", at); }

// All that is due, in the order in which the wheel gives it.
std::vector<Time> take_due(TimerWheel& wheel, Time now) {
  std::vector<Time> times;
  std::size_t steps = SIZE_MAX;
  while (Entry* const entry = wheel.due(now, steps)) {
    times.push_back(entry->expires_at());
    wheel.remove(*entry);
  }
  return times;
}

}  // namespace

TEST_CASE("the wheel gives each entry at its millisecond, not before", "[memory][wheel]") {
  for (const auto ttl : {1ms, 2ms, 63ms, 64ms, 65ms, 4095ms, 4096ms, 4097ms, 262'144ms,
                         86'400'000ms, 2'592'000'000ms, 315'360'000'000ms}) {
    TimerWheel wheel(begin_of_time);
    const EntryPtr entry = entry_until(begin_of_time + ttl);
    wheel.add(*entry);
    CHECK(take_due(wheel, begin_of_time + ttl - 1ms).empty());
    REQUIRE(wheel.consistent());
    CHECK(take_due(wheel, begin_of_time + ttl) == std::vector{begin_of_time + ttl});
    CHECK(wheel.count() == 0);
  }
}

TEST_CASE("the wheel agrees with a sorted list, however its time jumps", "[memory][wheel]") {
  std::mt19937 random(3);
  TimerWheel wheel(begin_of_time);
  std::vector<EntryPtr> entries;
  std::vector<Time> waiting;
  Time now = begin_of_time;
  int wrong = 0;
  for (int round = 0; round < 3000; ++round) {
    for (auto i = random() % 4; i > 0; --i) {
      const std::chrono::milliseconds ttl(1 + random() % (1U << (random() % 24)));
      entries.push_back(entry_until(now + ttl));
      wheel.add(*entries.back());
      waiting.push_back(now + ttl);
    }
    if (random() % 5 == 0 && !entries.empty()) {  // One leaves before its time, or after.
      Entry& entry = *entries[random() % entries.size()];
      const auto found = std::find(waiting.begin(), waiting.end(), entry.expires_at());
      if (found != waiting.end() && entry.expiry().slot != TimerWheel::no_slot) {
        waiting.erase(found);
        wheel.remove(entry);
      }
    }
    now += std::chrono::milliseconds(random() % (1U << (random() % 16)));
    std::vector<Time> due = take_due(wheel, now);
    std::sort(due.begin(), due.end());
    std::sort(waiting.begin(), waiting.end());
    const auto end = std::upper_bound(waiting.begin(), waiting.end(), now);
    if (!std::equal(due.begin(), due.end(), waiting.begin(), end)) ++wrong;
    waiting.erase(waiting.begin(), end);
    if (!wheel.consistent() || wheel.count() != waiting.size()) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("many entries that expire together are let go of in bounded steps", "[memory][wheel]") {
  constexpr std::size_t many = 20'000;
  TimerWheel wheel(begin_of_time);
  std::vector<EntryPtr> entries;
  for (std::size_t i = 0; i < many; ++i) {
    entries.push_back(entry_until(begin_of_time + 1h));
    wheel.add(*entries.back());
  }
  const Time now = begin_of_time + 2h;
  std::size_t calls = 0;
  while (wheel.count() > 0) {
    std::size_t steps = 16;
    std::size_t given = 0;
    while (Entry* const entry = wheel.due(now, steps)) {
      wheel.remove(*entry);
      ++given;
    }
    REQUIRE(given <= 16);
    REQUIRE(++calls < many);
  }
  CHECK(calls >= many / 16);
}

TEST_CASE("what has expired is given at once, without a step down the levels", "[memory][wheel]") {
  constexpr std::size_t many = 1'000;
  TimerWheel wheel(begin_of_time);
  std::vector<EntryPtr> entries;
  for (std::size_t i = 0; i < many; ++i) {
    entries.push_back(entry_until(begin_of_time + 10min + std::chrono::milliseconds(i)));
    wheel.add(*entries.back());
  }
  std::size_t given = 0;
  std::size_t steps = many + many / 10;
  while (Entry* const entry = wheel.due(begin_of_time + 20min, steps)) {
    wheel.remove(*entry);
    ++given;
  }
  CHECK(given == many);
  CHECK(wheel.consistent());
}

TEST_CASE("what does not expire is not in the wheel, also when it was told so later",
          "[memory][wheel]") {
  TimerWheel wheel(begin_of_time);
  const EntryPtr never = entry_until(no_expiry);
  wheel.add(*never);
  const EntryPtr once = entry_until(begin_of_time + 5ms);
  wheel.add(*once);
  CHECK(wheel.count() == 1);
  wheel.remove(*once);
  once->expiry().at = no_expiry;
  wheel.add(*once);
  CHECK(wheel.count() == 0);
  CHECK(take_due(wheel, begin_of_time + 1h).empty());
  CHECK(wheel.consistent());
}
