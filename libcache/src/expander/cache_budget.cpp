#include "expander/cache_budget.hpp"

#include <fmt/format.h>

namespace cachekit {
namespace {

constexpr const char* hint = "see ExpanderOptions::cache_timeout";

}  // namespace

Error CacheBudget::why_spent() const {
  return {Errc::timeout, "the cache took all of its time before", state_.backend.target(), hint};
}

KeyLocks::Held CacheBudget::lock(std::string_view key) {
  const Runtime& runtime = *state_.options.runtime;
  const auto start = runtime.now();
  KeyLocks::Held held = state_.writes.lock(key, start + left_);
  left_ -= runtime.now() - start;
  if (!held) state_.metrics.count(CacheMetrics::Event::error);
  return held;
}

Error CacheBudget::why_no_turn(std::string_view key) const {
  return {Errc::timeout,
          fmt::format("another caller of this process was writing {} all the time", key),
          state_.backend.target(), hint};
}

}  // namespace cachekit
