#pragma once

#include "core/out_of_memory.hpp"
#include "redis/commands.hpp"
#include "redis/patience.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/driver.hpp>
#include <cachekit/driver_tools.hpp>

#include <algorithm>
#include <cstddef>
#include <new>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace cachekit::redis {

/// What of a batch was refused for a moment, in order. A write behind which another one of its key
/// was done stays refused: it would undo that. Errors: throws `std::bad_alloc`.
template <typename Operation>
[[nodiscard]] std::vector<std::size_t> refused_for_now(const BatchOf<Operation>& batch) {
  std::vector<std::size_t> positions;
  std::unordered_set<std::string_view> done;
  for (std::size_t i = batch.operations.size(); i-- > 0;) {
    const auto& outcome = batch.outcomes[i];
    if constexpr (requires { batch.operations[i].key; }) {
      const bool is_read = idempotent_of<Operation> == Idempotent::yes;
      const std::string_view key = batch.operations[i].key;
      if (outcome || !passes_soon(outcome.error())) {
        if (!is_read) done.insert(key);
      } else if (!done.contains(key)) {
        positions.push_back(i);
      }
    } else if (!outcome && passes_soon(outcome.error())) {
      positions.push_back(i);
    }
  }
  std::ranges::reverse(positions);
  return positions;
}

/// Goes on with what of a batch the server has refused for a moment: `run(some)`, until nothing is
/// left of it, or no time.
template <typename Operation, typename Run>
void ask_again(const BatchOf<Operation>& batch, Deadline deadline, const Run& run) try {
  const auto is_refused = [](const auto& one) { return !one && passes_soon(one.error()); };
  if (std::ranges::none_of(batch.outcomes, is_refused)) return;
  Patience patience(deadline);
  for (auto left = refused_for_now(batch); !left.empty(); left = refused_for_now(batch)) {
    if (!patience.again_after(batch.outcomes[left.front()].error())) return;
    std::vector<Operation> operations;
    std::vector<Result<typename Operation::Value>> outcomes(left.size());
    for (const std::size_t position : left) operations.push_back(batch.operations[position]);
    const BatchOf<Operation> again{operations, outcomes};
    try {
      run(again);
    } catch (const std::bad_alloc&) {
      fail_each(again, out_of_memory(in_doubt<Operation>));
    }
    for (std::size_t i = 0; i < left.size(); ++i) {
      batch.outcomes[left[i]] = std::move(outcomes[i]);
    }
  }
} catch (const std::bad_alloc&) {  // They stay refused.
}

}  // namespace cachekit::redis
