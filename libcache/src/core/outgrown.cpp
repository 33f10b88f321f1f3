#include "core/outgrown.hpp"

#include <cstddef>
#include <new>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace cachekit {

void remove_outgrown(Driver& driver, const BatchOf<operation::Set>& batch, Deadline deadline) try {
  std::vector<operation::Remove> removes;
  std::unordered_set<std::string_view> stored;
  const auto outgrown = [&](std::size_t i) {
    const Result<bool>& outcome = batch.outcomes[i];
    return !outcome && outcome.error().code == Errc::too_large && replaces(batch.operations[i]);
  };
  bool any = false;
  for (std::size_t i = 0; i < batch.outcomes.size() && !any; ++i) any = outgrown(i);
  if (!any) return;
  for (std::size_t i = batch.outcomes.size(); i-- > 0;) {
    const operation::Set& set = batch.operations[i];
    if (outgrown(i) && !stored.contains(set.key)) removes.push_back({set.key});
    if (batch.outcomes[i].value_or(false)) stored.insert(set.key);
  }
  if (removes.empty()) return;
  std::vector<Result<bool>> removed(removes.size());
  driver.run(BatchOf<operation::Remove>{removes, removed}, deadline);
} catch (const std::bad_alloc&) {  // As documented.
}

}  // namespace cachekit
