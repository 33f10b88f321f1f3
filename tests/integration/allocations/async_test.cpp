// Asynchronous calls, with each allocation failing in turn: each is told its outcome, once.

#include "rig.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"

#include <atomic>
#include <cstdint>

using namespace cachekit;
using namespace cachekit::test;

namespace {

constexpr const char* async_key = "a key that does not fit into a string object";
constexpr std::size_t async_large = 100'000;

void nothing() {}

// Where the one outcome of a call arrives. It needs no memory.
template <typename T>
struct Landing {
  std::optional<Result<T>> outcome{};
  std::atomic<int> times{0};
  Gate landed{};

  void land(Result<T>&& result) {
    if (times++ > 0) return;
    outcome.emplace(std::move(result));
    landed.open();
  }
};

// Takes the outcome of a pending call by `then`, and waits for that.
template <typename T, typename Submit>
Result<T> outcome_through_then(std::unique_ptr<Landing<T>>& landing, const Submit& submit) {
  Pending<T> pending = submit();
  pending.then([to = landing.get()](Result<T> result) { to->land(std::move(result)); });
  static_cast<void>(landing->landed.wait());
  return std::move(landing->outcome).value();
}

template <typename T, typename Submit, typename Check>
void with_both_ways(const char* what, Scope scope, const Submit& submit, const Check& check) {
  SECTION("taken by get()") {
    with_each_failure(
        what, scope, nothing, [&] { return submit().get(); }, check);
  }
  SECTION("taken by then()") {
    std::unique_ptr<Landing<T>> landing;
    with_each_failure(
        what, scope,
        [&] {
          if (landing) CHECK(landing->times == 1);
          landing = std::make_unique<Landing<T>>();
        },
        [&] { return outcome_through_then<T>(landing, submit); }, check);
  }
}

}  // namespace

TEST_CASE("an async_get for which there is no memory gives its own value or an error",
          "[allocations][async]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  const std::string value = "value" + std::string(GENERATE(std::size_t{40}, async_large), '.');
  must(rig.truth().set(async_key, value));
  with_both_ways<std::optional<std::string>>(
      "async_get", scope, [&] { return rig.cache().async_get(async_key); },
      [&](const Result<std::optional<std::string>>& outcome) {
        if (checked_code(outcome) == "no error") CHECK((*outcome == value));
        rig.check_neighbours();
      });
}

TEST_CASE("an async_set for which there is no memory is done, or is an error that tells",
          "[allocations][async]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  const std::size_t size = GENERATE(std::size_t{40}, async_large);
  const std::array<std::string, 2> values{"one" + std::string(size, '1'),
                                          "two" + std::string(size, '2')};
  std::size_t number = 0;
  std::optional<std::string> before;
  with_both_ways<bool>(
      "async_set", scope, [&] { return rig.cache().async_set(async_key, values[++number % 2]); },
      [&](const Result<bool>& outcome) {
        const std::string code = checked_code(outcome);
        rig.check_neighbours();
        const auto seen = must(rig.truth().get(async_key));
        const bool done = seen == values[number % 2];
        INFO(code);
        if (code == "no error") CHECK(done);
        if (code == "outcome_unknown") CHECK((done || seen == before));
        if (code != "no error" && code != "outcome_unknown") CHECK((seen == before));
        before = seen;
      });
}

TEST_CASE("an async_increment for which there is no memory counts once, or is an error that tells",
          "[allocations][async]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  std::string counter = "a counter of its own";
  std::int64_t count = 0;
  with_both_ways<std::int64_t>(
      "async_increment", scope, [&] { return rig.cache().async_increment(counter); },
      [&](const Result<std::int64_t>& outcome) {
        const std::string code = checked_code(outcome);
        rig.check_neighbours();
        const auto seen = must(rig.truth().increment(counter, 0));
        INFO(code);
        if (outcome) CHECK(*outcome == count + 1);
        if (code == "no error") CHECK(seen == count + 1);
        if (code == "outcome_unknown") CHECK((seen == count || seen == count + 1));
        if (code != "no error" && code != "outcome_unknown") CHECK(seen == count);
        count = seen;
        if (code == "outcome_unknown") {
          counter += "+";
          count = 0;
        }
      });
}

TEST_CASE("calls that nobody waits for are done or not, and put nothing out of step",
          "[allocations][async]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  std::string counter = "a counter of its own";
  std::int64_t count = 0;
  const auto taken_on = [&] {  // The gets that follow on the same connection come later.
    rig.cache().async_get(async_key).ignore();
    rig.cache().async_increment(counter).ignore();
    return rig.cache().async_set("ignored", "v").valid();
  };
  with_each_failure("ignore", scope, nothing, taken_on, [&](bool) {
    rig.check_neighbours();
    std::int64_t seen = 0;
    CHECK(eventually([&] {  // They are far from their end where they wait for a new connection.
      const auto stats = rig.cache().connections();
      seen = must(rig.truth().increment(counter, 0));
      for (const ConnectionStats& one : stats) {
        if (one.in_flight + one.waiting > 0) return false;
      }
      return true;
    }));
    CHECK((seen == count || seen == count + 1));
    count = seen;
  });
}
