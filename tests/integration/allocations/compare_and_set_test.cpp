// Comparing and setting with allocations failing in turn: what was not told to be in doubt is
// known.

#include "rig.hpp"
#include "support/catch.hpp"

#include <array>

using namespace cachekit;
using namespace cachekit::test;
using operation::CompareAndSet;

namespace {

constexpr std::string_view swapped = "a key whose value is compared";
const std::string value_before(200, 'a');
const std::string value_after(200, 'b');
const CompareAndSet one_swap{.key = swapped, .expected = value_before, .value = value_after};

void check_swap(Rig& rig, const Result<bool>& outcome) {
  if (outcome) CHECK(*outcome);
  check_written(checked_code(outcome), must(rig.truth().get(swapped)), value_before, value_after);
  rig.check_neighbours();
}

}  // namespace

TEST_CASE("an exchange for which there is no memory is done, is not, or is in doubt",
          "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  const bool waiting = GENERATE(true, false);
  Rig rig(kind);
  with_each_failure(
      "an exchange", scope, [&] { must(rig.truth().set(swapped, value_before)); },
      [&] {
        const CallOptions options{.timeout = patience};
        return waiting ? rig.cache().run(one_swap, options)
                       : rig.cache().start(one_swap, options).get();
      },
      [&](const Result<bool>& outcome) { check_swap(rig, outcome); });
}

TEST_CASE("a batch of exchanges for which there is no memory tells of each", "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  const std::array batch{one_swap, CompareAndSet{.key = "another", .expected = "", .value = ""}};
  with_each_failure(
      "a batch of exchanges", scope, [&] { must(rig.truth().set(swapped, value_before)); },
      [&]() -> std::vector<Result<bool>> {
        try {
          return rig.cache().run_many<CompareAndSet>(batch, {.timeout = patience});
        } catch (const std::bad_alloc&) {  // As it may, for want of room for the outcomes.
          return {fail(Errc::overloaded, "out of memory"), Result<bool>(false)};
        }
      },
      [&](const std::vector<Result<bool>>& outcomes) {
        REQUIRE(outcomes.size() == batch.size());
        check_swap(rig, outcomes[0]);
        if (outcomes[1]) CHECK_FALSE(*outcomes[1]);
      });
}
