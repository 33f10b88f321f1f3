#pragma once

#include <cachekit/error.hpp>
#include <cachekit/metrics.hpp>
#include <cachekit/operation.hpp>

#include <type_traits>

namespace cachekit {

/// Counts the outcome of an operation: the same whether a caller waited for it or not.
template <typename Operation>
void count_outcome(CacheMetrics& metrics,
                   const Result<typename Operation::Value>& outcome) noexcept {
  using Event = CacheMetrics::Event;
  constexpr Effect effect = Operation::effect;
  if (!outcome) return metrics.count(Event::error);
  if constexpr (effect == Effect::look_up || effect == Effect::lease) {
    metrics.count(*outcome ? Event::hit : Event::miss);  // A value that is there, or a true.
  }
  if constexpr (effect == Effect::store) {
    if (!std::is_same_v<typename Operation::Value, bool> || *outcome) metrics.count(Event::set);
  }
  if constexpr (effect == Effect::remove) {
    if (*outcome) metrics.count(Event::remove);
  }
}

}  // namespace cachekit
