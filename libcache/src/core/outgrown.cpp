#include "core/outgrown.hpp"

#include <cachekit/driver_tools.hpp>

#include <cstddef>
#include <new>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace cachekit {

void remove_outgrown(Driver& driver, const BatchOf<operation::Set>& batch, Deadline deadline) try {
  std::vector<operation::Remove> removes;
  std::vector<std::size_t> positions;
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
    if (outgrown(i) && !stored.contains(set.key)) {
      removes.push_back({set.key});
      positions.push_back(i);
    }
    if (batch.outcomes[i].value_or(false)) stored.insert(set.key);
  }
  if (removes.empty()) return;
  std::vector<Result<bool>> removed(removes.size());
  driver.run(BatchOf<operation::Remove>{removes, removed}, deadline);
  for (std::size_t i = 0; i < removed.size(); ++i) {
    Result<bool>& outcome = batch.outcomes[positions[i]];
    if (!removed[i]) outcome.error().message += older_value_stays(removed[i].error());
  }
} catch (const std::bad_alloc&) {  // As documented.
}

}  // namespace cachekit
