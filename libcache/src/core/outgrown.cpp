#include "core/outgrown.hpp"

#include <cachekit/driver_tools.hpp>

#include <cstddef>
#include <new>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace cachekit {
namespace {

// What removes the older entry: of a set whatever is there, of a comparison only what it expected.
operation::Remove removal_of(const operation::Set& set) { return {set.key}; }
operation::CompareAndSet removal_of(const operation::CompareAndSet& one) { return discarding(one); }

template <typename Operation>
void remove_outgrown_of(Driver& driver, const BatchOf<Operation>& batch, Deadline deadline) try {
  using Removal = decltype(removal_of(batch.operations[0]));
  std::vector<Removal> removes;
  std::vector<std::size_t> positions;
  std::unordered_set<std::string_view> stored;
  const auto outgrown = [&](std::size_t i) {
    const Result<bool>& outcome = batch.outcomes[i];
    const bool removes_already = batch.operations[i].discard;
    return !outcome && outcome.error().code == Errc::too_large && !removes_already &&
           replaces(batch.operations[i]);
  };
  bool any = false;
  for (std::size_t i = 0; i < batch.outcomes.size() && !any; ++i) any = outgrown(i);
  if (!any) return;
  for (std::size_t i = batch.outcomes.size(); i-- > 0;) {
    const Operation& one = batch.operations[i];
    if (outgrown(i) && !stored.contains(one.key)) {
      removes.push_back(removal_of(one));
      positions.push_back(i);
    }
    if (batch.outcomes[i].value_or(false)) stored.insert(one.key);
  }
  if (removes.empty()) return;
  std::vector<Result<bool>> removed(removes.size());
  driver.run(BatchOf<Removal>{removes, removed}, deadline);
  for (std::size_t i = 0; i < removed.size(); ++i) {
    Result<bool>& outcome = batch.outcomes[positions[i]];
    if (!removed[i]) outcome.error().message += older_value_stays(removed[i].error());
  }
} catch (const std::bad_alloc&) {  // As documented.
}

}  // namespace

void remove_outgrown(Driver& driver, const BatchOf<operation::Set>& batch, Deadline deadline) {
  remove_outgrown_of(driver, batch, deadline);
}

void remove_outgrown(Driver& driver, const BatchOf<operation::CompareAndSet>& batch,
                     Deadline deadline) {
  remove_outgrown_of(driver, batch, deadline);
}

}  // namespace cachekit
