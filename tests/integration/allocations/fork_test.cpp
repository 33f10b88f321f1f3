// A forked child makes all connections anew, with each allocation of that failing in turn.

#include "integration/fork/child.hpp"
#include "rig.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;

namespace {

constexpr std::size_t tried_failures = 60;

// What a child may come to: the value, or an error for want of memory, or of a thread without it.
bool is_right(const Result<std::optional<std::string>>& outcome) {
  if (outcome) return *outcome == "value";
  const Errc code = outcome.error().code;
  return code == Errc::overloaded || code == Errc::unavailable;
}

}  // namespace

TEST_CASE("the first call of a forked child for which there is no memory is an error",
          "[allocations][fork]") {
  const Kind kind = GENERATE(from_range(both_kinds));
  INFO("server: " << to_string(kind));
  Rig rig(kind);
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) names.push_back("a key of the parent " + std::to_string(i));
  for (const std::string& name : names) must(rig.cache().set(name, "value"));
  const std::vector<std::string_view> keys(names.begin(), names.end());
  for (std::size_t number = 1; number <= tried_failures; ++number) {
    INFO("failure " << number);
    Child single([&] {
      const FailingAllocation failure(Scope::thread, number);
      return is_right(rig.cache().async_get(keys[0], {.timeout = patience}).get());
    });
    CHECK(single.outcome() == "right");
    Child many([&] {
      const FailingAllocation failure(Scope::thread, number);
      const auto found = rig.cache().get_many(keys, {.timeout = patience});
      return std::ranges::all_of(found, is_right);
    });
    CHECK(many.outcome() == "right");
  }
  rig.check_neighbours();
}
