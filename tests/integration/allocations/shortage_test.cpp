// Memory that stays away for a while, and what it costs those who share a connection.

#include "net/large_keys.hpp"
#include "rig.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"

#include <atomic>

using namespace cachekit;
using namespace cachekit::test;

namespace {

constexpr const char* held_key = "a key that does not fit into a string object";

void no_preparation() {}

// What threads saw that may not make assertions themselves.
struct Outcome {
  std::atomic<int> right{0}, wrong{0}, left_waiting{0}, threw{0};

  void value(const Result<std::optional<std::string>>& outcome, const std::string& expected) {
    if (outcome) ++(*outcome == expected ? right : wrong);
    if (!outcome && outcome.error().code == Errc::timeout) ++left_waiting;
  }
  void check() const {
    CHECK(wrong == 0);
    CHECK(left_waiting == 0);
    CHECK(threw == 0);
  }
};

// Threads that look up keys of their own all the time, in each way that there is.
class Neighbours {
 public:
  enum class Memory { enough, short_now_and_then };

  Neighbours(Rig& rig, Memory memory) : rig_(rig), memory_(memory) {
    for (unsigned i = 0; i < size; ++i) {
      keys_.push_back("the key of thread number " + std::to_string(i));
      values_.push_back("the value of thread number " + std::to_string(i));
      must(rig.truth().set(keys_[i], values_[i]));
    }
    crew_.emplace(size, [this](unsigned i) { step(i); });
  }
  ~Neighbours() { stop(); }
  Neighbours(const Neighbours&) = delete;
  Neighbours& operator=(const Neighbours&) = delete;

  void stop() { crew_.reset(); }
  // Until so many more answers have come.
  [[nodiscard]] bool go_on(int answers) const {
    const int enough = seen.right + answers;
    return eventually([&] { return seen.right > enough; });
  }

  Outcome seen{};

 private:
  static constexpr unsigned size = 8;

  // It needs no memory of its own.
  void step(unsigned i) {
    thread_local std::size_t number = i;
    for (const bool waits : {true, false}) {
      number = number % 16 + 1;
      std::optional<Result<std::optional<std::string>>> outcome;
      try {
        std::optional<FailingAllocation> failure;
        if (memory_ != Memory::enough) failure.emplace(Scope::thread, number);
        outcome.emplace(waits ? rig_.cache().get(keys_[i])
                              : rig_.cache().async_get(keys_[i]).get());
      } catch (const std::exception&) {
        ++seen.threw;
      }
      if (outcome) seen.value(*outcome, values_[i]);
    }
  }

  Rig& rig_;
  const Memory memory_;
  std::vector<std::string> keys_{};
  std::vector<std::string> values_{};
  std::optional<Crew> crew_{};
};

constexpr int answers = 4'000;
constexpr std::size_t failures = 300;

}  // namespace

TEST_CASE("callers without memory cost none of those who share their connection an answer",
          "[allocations]") {
  const Kind kind = GENERATE(from_range(both_kinds));
  const Watchdog watchdog("gets of many", "thread", 0);
  Rig rig(kind);
  Neighbours neighbours(rig, Neighbours::Memory::short_now_and_then);
  CHECK(neighbours.go_on(answers));
  neighbours.stop();
  neighbours.seen.check();
  rig.check_neighbours();
}

TEST_CASE("memory that is missing somewhere costs somebody an error, and nobody a wrong answer",
          "[allocations]") {
  const Kind kind = GENERATE(from_range(both_kinds));
  Rig rig(kind);
  Neighbours neighbours(rig, Neighbours::Memory::enough);
  for (std::size_t number = 1; number <= failures; ++number) {
    const Watchdog watchdog("gets of many", "process", number);
    const FailingAllocation failure(Scope::process, number);
    CHECK(eventually([&] { return failure.happened(); }));
  }
  CHECK(neighbours.go_on(100));
  neighbours.stop();
  neighbours.seen.check();
  rig.check_neighbours();
}

TEST_CASE("a call for which memory is missing to its end is an error, or what it would have been",
          "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  const std::string value(40, 'v');
  must(rig.truth().set(held_key, value));
  const auto check_value = [&](const Result<std::optional<std::string>>& outcome) {
    if (checked_code(outcome) == "no error") CHECK(*outcome == value);
    rig.check_neighbours();
  };
  const auto check_set = [&](const Result<bool>& outcome) {
    check_written(checked_code(outcome), must(rig.truth().get("written")), std::nullopt, value);
    rig.check_neighbours();
    static_cast<void>(must(rig.truth().remove("written")));
  };
  SECTION("get") {
    with_each_failure(
        "get", scope, no_preparation, [&] { return rig.cache().get(held_key); }, check_value,
        lasting);
  }
  SECTION("a first get") {
    with_each_failure(
        "first get", scope, [&] { rig.begin_anew(); }, [&] { return rig.cache().get(held_key); },
        check_value, lasting);
  }
  SECTION("async_get") {
    with_each_failure(
        "async_get", scope, no_preparation, [&] { return rig.cache().async_get(held_key).get(); },
        check_value, lasting);
  }
  SECTION("set") {
    with_each_failure(
        "set", scope, no_preparation, [&] { return rig.cache().set("written", value); }, check_set,
        lasting);
  }
  SECTION("connect") {
    with_each_failure(
        "connect", scope, [&] { rig.begin_anew(); }, [&] { return rig.cache().connect(); },
        [&](const Result<void>& outcome) {
          static_cast<void>(checked_code(outcome));
          rig.check_neighbours();
        },
        lasting);
  }
}

TEST_CASE("what large values are remembered for is no reason to lose one", "[allocations]") {
  net::LargeKeys large;
  bool happened = false;
  {
    const FailingAllocation failure(Scope::thread, 1);
    large.note(held_key, 100'000);
    happened = failure.happened();
  }
  CHECK(happened);
  CHECK_FALSE(large.contains(held_key));
  large.note(held_key, 100'000);
  CHECK(large.contains(held_key));
}
