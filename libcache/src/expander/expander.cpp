#include "core/latency_sampling.hpp"
#include "expander/cache_access.hpp"
#include "expander/expander_state.hpp"
#include "expander/fetch_run.hpp"
#include "expander/refresh.hpp"

#include <cachekit/expander.hpp>
#include <cachekit/runtime.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace cachekit {
namespace {

// Records how long one fetch took, whichever way it ends. Where hits take about as long as reading
// the clock, a sample is timed, as the backend does.
class FetchTimer {
 public:
  explicit FetchTimer(ExpanderState& state) noexcept
      : state_(state), stands_for_(weight_of_next(state)) {
    if (stands_for_ > 0) start_ = state.options.runtime->now();
  }
  ~FetchTimer() {
    if (stands_for_ == 0) return;
    state_.metrics.record_latency(state_.options.runtime->now() - start_, stands_for_);
  }
  FetchTimer(const FetchTimer&) = delete;
  FetchTimer& operator=(const FetchTimer&) = delete;

 private:
  static std::uint64_t weight_of_next(const ExpanderState& state) noexcept {
    if (!state.in_process) return 1;
    return core::LatencySampling::next_is_timed() ? core::LatencySampling::one_in : 0;
  }

  ExpanderState& state_;
  const std::uint64_t stands_for_;
  Runtime::steady_time start_{};
};

// "prefix:id", without an allocation where it is short.
class KeyText {
 public:
  KeyText(std::string_view prefix, std::string_view id) {
    const std::size_t size = prefix.size() + 1 + id.size();
    if (size > short_.size()) {
      long_.reserve(size);
      long_.append(prefix).append(1, ':').append(id);
      view_ = long_;
      return;
    }
    char* const colon = std::copy(prefix.begin(), prefix.end(), short_.data());
    *colon = ':';
    std::copy(id.begin(), id.end(), colon + 1);
    view_ = {short_.data(), size};
  }
  KeyText(const KeyText&) = delete;
  KeyText& operator=(const KeyText&) = delete;
  [[nodiscard]] std::string_view view() const noexcept { return view_; }

 private:
  std::array<char, 256> short_;
  std::string long_{};
  std::string_view view_{};
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
  return run_key(kind, KeyText(kind.prefix, id).view(), job, options);
}

// The short way of a hit: what only a load needs is made ready where there is one.
Result<FetchInfo> CacheExpander::run_key(const EntityKind& kind, std::string_view key,
                                         detail::FetchJob& job, const FetchOptions& options) {
  if (Result<void> valid = check_call(key); !valid) return fail(std::move(valid).error());
  if (options.ttl) {
    if (Result<void> valid = validate(*options.ttl); !valid) return fail(std::move(valid).error());
  }
  const FetchTimer timer(*state_);
  CacheAccess cache(*state_, key);
  const auto run_from = [&](auto begin) -> Result<FetchInfo> {
    const Result<Ttl> ttl = state_->options.ttl.choose(kind.prefix, options.ttl);
    if (!ttl) return fail(ttl.error());
    FetchRun run(*state_, kind, key, job, options, *ttl, cache);
    return begin(run);
  };
  const bool looks_up =
      options.strategy == Strategy::refresh || options.strategy == Strategy::fresh;
  if (!looks_up || !state_->pending.empty()) {
    return run_from([](FetchRun& run) { return run.go(); });
  }
  // Who is going to ask for a lease looks once more anyway.
  const std::uint64_t landed_before = state_->can.leases ? 0 : state_->flights.landed(key);
  Found found = cache.find(kind, options.policy ? *options.policy : state_->options.policy, job);
  if (found.reading.standing == Standing::fresh) return found.info();
  return run_from(
      [&](FetchRun& run) { return run.go_on(cache.judge(std::move(found)), landed_before); });
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
