#include "expander/cache_access.hpp"
#include "expander/expander_state.hpp"
#include "expander/fetch_run.hpp"
#include "expander/refresh.hpp"

#include <cachekit/expander.hpp>
#include <cachekit/runtime.hpp>

#include <fmt/format.h>

namespace cachekit {
namespace {

// Records how long one fetch took, whichever way it ends.
class FetchTimer {
 public:
  explicit FetchTimer(ExpanderState& state) noexcept
      : state_(state), start_(state.options.runtime->now()) {}
  ~FetchTimer() { state_.metrics.record_latency(state_.options.runtime->now() - start_); }
  FetchTimer(const FetchTimer&) = delete;
  FetchTimer& operator=(const FetchTimer&) = delete;

 private:
  ExpanderState& state_;
  Runtime::steady_time start_;
};

}  // namespace

std::string_view to_string(Strategy strategy) noexcept {
  switch (strategy) {
    case Strategy::fresh:
      return "fresh";
    case Strategy::refresh:
      return "refresh";
    case Strategy::invalidate:
      return "invalidate";
    case Strategy::bypass:
      return "bypass";
  }
  return "unknown";
}

CacheExpander::CacheExpander(CacheBackend& backend, ExpanderOptions options)
    : state_(std::make_unique<ExpanderState>(backend, std::move(options))) {}

CacheExpander::~CacheExpander() = default;

const CacheMetrics& CacheExpander::metrics() const noexcept { return state_->metrics; }

std::string CacheExpander::prometheus() const {
  return state_->metrics.prometheus(fmt::format("expander:{}", state_->backend.name()));
}

std::string CacheExpander::key_of(const EntityKind& kind, std::string_view id) {
  return fmt::format("{}:{}", kind.prefix, id);
}

Result<void> CacheExpander::check_call(std::string_view id) const {
  if (id.empty()) return fail(Errc::invalid_argument, "an entity's id must not be empty");
  if (state_->options.cache_timeout <= std::chrono::milliseconds::zero()) {
    return fail(Errc::invalid_argument, "ExpanderOptions::cache_timeout must be more than zero");
  }
  return {};
}

Result<FetchInfo> CacheExpander::run(const EntityKind& kind, std::string_view id,
                                     detail::FetchJob& job, const FetchOptions& options) {
  if (Result<void> valid = check_call(id); !valid) return fail(std::move(valid).error());
  return run_key(kind, key_of(kind, id), job, options);
}

Result<FetchInfo> CacheExpander::run_key(const EntityKind& kind, std::string_view key,
                                         detail::FetchJob& job, const FetchOptions& options) {
  if (Result<void> valid = check_call(key); !valid) return fail(std::move(valid).error());
  const Result<Ttl> ttl = state_->options.ttl.choose(kind.prefix, options.ttl);
  if (!ttl) return fail(ttl.error());
  const FetchTimer timer(*state_);
  return FetchRun(*state_, kind, key, job, options, *ttl).go();
}

Result<void> CacheExpander::store(const EntityKind& kind, std::string_view id,
                                  Result<std::string> payload, const PutOptions& options) {
  if (Result<void> valid = check_call(id); !valid) return valid;
  const Result<Ttl> ttl = state_->options.ttl.choose(kind.prefix, options.ttl);
  if (!ttl) return fail(ttl.error());
  const std::string key = key_of(kind, id);
  CacheAccess cache(*state_, key);
  const FetchPolicy& policy = state_->options.policy;
  const Ttl own = jittered(*ttl, policy.jitter, state_->draws.next());
  return cache.wrap({.codec = kind.codec, .schema = kind.schema}, std::move(payload), own)
      .and_then([&](const std::string& envelope) {
        return cache.replace(envelope, kept_for(own, policy.stale_for));
      });
}

Result<bool> CacheExpander::drop(const EntityKind& kind, std::string_view id) {
  if (Result<void> valid = check_call(id); !valid) return fail(std::move(valid).error());
  return invalidate_key(key_of(kind, id));
}

Result<bool> CacheExpander::invalidate_key(std::string_view key) {
  if (Result<void> valid = check_call(key); !valid) return fail(std::move(valid).error());
  return CacheAccess(*state_, key).invalidate();
}

}  // namespace cachekit
