#include "expander/bulk_run.hpp"
#include "expander/expander_state.hpp"

#include <cachekit/expander.hpp>
#include <cachekit/runtime.hpp>

#include <fmt/format.h>

namespace cachekit {

std::vector<Result<FetchInfo>> CacheExpander::run_many(const std::optional<EntityKind>& kind,
                                                       detail::BulkJob& job,
                                                       const FetchOptions& options) {
  const Runtime& runtime = *state_->options.runtime;
  const auto start = runtime.now();
  const std::vector<std::string>& ids = job.texts();
  std::vector<Result<FetchInfo>> outcomes(ids.size());
  std::vector<BulkKey> keys;
  keys.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const EntityKind of_key = kind ? *kind : bytes_kind(ids[i]);
    const Result<Ttl> ttl = check_call(ids[i]).and_then(
        [&] { return state_->options.ttl.choose(of_key.prefix, options.ttl); });
    if (!ttl) {
      outcomes[i] = fail(ttl.error());
      continue;
    }
    keys.push_back(
        {.kind = of_key, .key = kind ? key_of(of_key, ids[i]) : ids[i], .ttl = *ttl, .index = i});
  }
  if (keys.empty()) return outcomes;
  BulkRun(*state_, keys, job, options, outcomes).go();
  state_->metrics.record_latency(runtime.now() - start);
  return outcomes;
}

}  // namespace cachekit
