// Blocking calls on one key, with each allocation failing in turn.

#include "rig.hpp"
#include "support/catch.hpp"

#include <cstdint>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* key = "a key that does not fit into a string object";
constexpr std::size_t small = 40;
constexpr std::size_t large = 100'000;

std::string value_of(std::size_t number, std::size_t size) {
  return "value " + std::to_string(number) + std::string(size, '.');
}

void nothing_before() {}

// An increment by a call that runs short, on a counter whose count is known.
template <typename Call>
void check_increments(const char* what, Rig& rig, Scope scope, const Call& call) {
  int counters = 0;
  std::string counter = "a counter of its own 0";
  std::int64_t count = 0;
  with_each_failure(
      what, scope, nothing_before, [&] { return call(counter); },
      [&](const Result<std::int64_t>& outcome) {
        const std::string code = checked_code(outcome);
        rig.check_neighbours();
        const auto seen = must(rig.truth().increment(counter, 0));
        if (outcome) CHECK(*outcome == count + 1);
        if (code == "no error") CHECK(seen == count + 1);
        if (code == "outcome_unknown") CHECK((seen == count || seen == count + 1));
        if (code != "no error" && code != "outcome_unknown") CHECK(seen == count);
        count = seen;
        if (code == "outcome_unknown") {
          counter = "a counter of its own " + std::to_string(++counters);
          count = 0;
        }
      });
}

}  // namespace

TEST_CASE("a get for which there is no memory gives its own value or an error", "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  const std::size_t size = GENERATE(small, large);
  Rig rig(kind);
  const std::string value = value_of(0, size);
  must(rig.truth().set(key, value));
  with_each_failure(
      "get", scope, nothing_before, [&] { return rig.cache().get(key); },
      [&](const Result<std::optional<std::string>>& outcome) {
        if (checked_code(outcome) == "no error") CHECK((*outcome == value));
        rig.check_neighbours();
      });
}

TEST_CASE("a set for which there is no memory is done, or is an error that tells whether it was",
          "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  const std::size_t size = GENERATE(small, large);
  Rig rig(kind);
  std::size_t number = 0;
  std::string value;
  std::optional<std::string> before;
  with_each_failure(
      "set", scope, [&] { value = value_of(++number, size); },
      [&] { return rig.cache().set(key, value); },
      [&](const Result<bool>& outcome) {
        const std::string code = checked_code(outcome);
        rig.check_neighbours();
        const auto seen = must(rig.truth().get(key));
        INFO("value " << number << " of " << size << " bytes");
        if (code == "no error") CHECK((seen == value));
        if (code == "outcome_unknown") CHECK((seen == value || seen == before));
        if (code != "no error" && code != "outcome_unknown") CHECK((seen == before));
        before = seen;
      });
}

TEST_CASE("a remove for which there is no memory is done, or is an error that tells whether it was",
          "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  with_each_failure(
      "remove", scope, [&] { must(rig.truth().set(key, "v")); },
      [&] { return rig.cache().remove(key); },
      [&](const Result<bool>& outcome) {
        const std::string code = checked_code(outcome);
        rig.check_neighbours();
        if (outcome) CHECK(*outcome);
        check_written(code, must(rig.truth().get(key)), "v", std::nullopt);
      });
}

TEST_CASE("an increment for which there is no memory counts once, or is an error that tells",
          "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  check_increments("increment", rig, scope,
                   [&](const std::string& counter) { return rig.cache().increment(counter); });
}

TEST_CASE("touch, ttl and exists for which there is no memory are answered or are errors",
          "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  const auto renew = [&] { must(rig.truth().set(key, "v", {.ttl = 1h})); };
  with_each_failure(
      "touch", scope, renew, [&] { return rig.cache().touch(key, 100h); },
      [&](const Result<bool>& outcome) {
        if (checked_code(outcome) == "no error") CHECK(*outcome);
        rig.check_neighbours();
      });
  renew();
  with_each_failure(
      "ttl", scope, nothing_before, [&] { return rig.cache().ttl(key); },
      [&](const Result<std::optional<Ttl>>& outcome) {
        if (checked_code(outcome) == "no error") CHECK((*outcome && **outcome != Ttl::none()));
        rig.check_neighbours();
      });
  with_each_failure(
      "exists", scope, nothing_before, [&] { return rig.cache().exists(key); },
      [&](const Result<bool>& outcome) {
        if (checked_code(outcome) == "no error") CHECK(*outcome);
        rig.check_neighbours();
      });
}
