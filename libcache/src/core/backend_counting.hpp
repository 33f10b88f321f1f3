#pragma once

#include <cachekit/error.hpp>
#include <cachekit/metrics.hpp>

#include <cstdint>
#include <optional>

/// How the outcome of a call shows in the metrics: the same whether a caller waited for it or not.

namespace cachekit {

struct LookupCount {
  template <typename T>
  void operator()(CacheMetrics& metrics, const Result<T>& outcome) const noexcept {
    using Event = CacheMetrics::Event;
    // An optional that holds something, or a true.
    metrics.count(!outcome ? Event::error : *outcome ? Event::hit : Event::miss);
  }
};

template <CacheMetrics::Event Done>
struct ChangeCount {
  void operator()(CacheMetrics& metrics, const Result<bool>& outcome) const noexcept {
    if (!outcome) {
      metrics.count(CacheMetrics::Event::error);
    } else if (*outcome) {
      metrics.count(Done);
    }
  }
};

struct IncrementCount {
  void operator()(CacheMetrics& metrics, const Result<std::int64_t>& outcome) const noexcept {
    metrics.count(outcome ? CacheMetrics::Event::set : CacheMetrics::Event::error);
  }
};

struct ErrorCount {
  template <typename T>
  void operator()(CacheMetrics& metrics, const Result<T>& outcome) const noexcept {
    if (!outcome) metrics.count(CacheMetrics::Event::error);
  }
};

}  // namespace cachekit
