#include "core/guarded.hpp"
#include "core/latency_sampling.hpp"
#include "memory/configuration.hpp"
#include "memory/limits.hpp"
#include "memory/out_of_memory.hpp"
#include "memory/persistence.hpp"
#include "memory/store.hpp"

#include <cachekit/memory.hpp>
#include <cachekit/version.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace cachekit {
namespace {

memory::StoreOptions store_options(const InMemoryConfig& config, const CacheMetrics& metrics) {
  const memory::Bounds bounds = memory::bounds_of(config.capacity, config.max_items);
  const std::uint64_t shards = memory::choose_shards(bounds, config.shards);
  return {.shards = static_cast<std::size_t>(shards),
          .most_shards = static_cast<std::size_t>(memory::most_shards(shards, config.shards)),
          .bounds = bounds,
          .policy = config.policy,
          .on_removal = config.on_removal,
          .look_ups = [&metrics] {
            const MetricsSnapshot now = metrics.snapshot();
            return now.hits + now.misses;
          }};
}

std::vector<AgeBucket> age_buckets(const memory::AgeCounts<std::uint64_t>& counts) {
  std::vector<AgeBucket> buckets;
  for (std::size_t i = 0; i < counts.size; ++i) {
    if (counts.buckets[i] == 0 && buckets.empty()) continue;
    buckets.push_back({.below = counts.end_of(i), .count = counts.buckets[i]});
  }
  while (!buckets.empty() && buckets.back().count == 0) buckets.pop_back();
  return buckets;
}

// The age that half of the entries are below; empty when there are none.
std::optional<std::chrono::milliseconds> median_age(const std::vector<AgeBucket>& buckets) {
  std::uint64_t all = 0;
  for (const AgeBucket& bucket : buckets) all += bucket.count;
  std::uint64_t below = 0;
  for (const AgeBucket& bucket : buckets) {
    below += bucket.count;
    if (below * 2 >= all) return bucket.below;
  }
  return std::nullopt;
}

// The fields of `stats` that only this backend has.
std::vector<std::pair<std::string, std::string>> raw_stats(const memory::Store& store,
                                                           EvictionPolicy policy,
                                                           const MemoryInsights& insights) {
  std::vector<std::pair<std::string, std::string>> raw{
      {"shards", std::to_string(store.shard_count())},
      {"shard_bytes", std::to_string(store.shard_capacity())},
      {"policy", std::string(to_string(policy))}};
  if (store.bounds().items < memory::max_items) {
    raw.emplace_back("max_items", std::to_string(store.bounds().items));
  }
  if (policy == EvictionPolicy::adaptive) {
    raw.emplace_back("admission",
                     store.admission() == memory::Admission::filter ? "filter" : "all");
  }
  if (store.listener_failures() > 0) {
    raw.emplace_back("listener_errors", std::to_string(store.listener_failures()));
  }
  if (store.listener_untold() > 0) {
    raw.emplace_back("listener_untold", std::to_string(store.listener_untold()));
  }
  for (const SizingPoint& point : insights.sizing) {
    if (!point.hit_ratio) continue;
    raw.emplace_back(fmt::format("lru_hit_ratio_at_{}x", point.factor),
                     fmt::format("{:.4f}", *point.hit_ratio));
  }
  if (const auto age = median_age(insights.hit_ages)) {
    raw.emplace_back("age_on_hit_p50_below_ms", std::to_string(age->count()));
  }
  if (const auto age = median_age(insights.eviction_ages)) {
    raw.emplace_back("age_on_eviction_p50_below_ms", std::to_string(age->count()));
  }
  return raw;
}

void count(memory::Store& store, const MetricsSnapshot& calls, NodeStats& node) {
  const memory::ShardStats now = store.stats();
  node.items = now.items;
  node.bytes = now.bytes;
  node.max_bytes = store.bounds().bytes;
  node.hits = calls.hits;
  node.misses = calls.misses;
  node.evictions = now.evictions;
  node.expired = now.expired;
}

// A report on the one node that there is, or why there is none.
template <typename Report, typename Fill>
Report report_or_error(const Fill& fill) {
  try {
    Report report;
    fill(report.nodes.emplace_back());
    return report;
  } catch (const std::bad_alloc&) {
    Report report;
    report.nodes.emplace_back().error = memory::out_of_memory().value();
    return report;
  }
}

}  // namespace

class InMemoryBackend::Impl {
 public:
  Impl(InMemoryConfig given, const Clock& given_clock, const CacheMetrics& given_metrics)
      : metrics(given_metrics),
        config(std::move(given)),
        config_check(memory::check_config(config)),
        clock(given_clock),
        started(clock.now()),
        store(config_check ? store_options(config, metrics) : memory::StoreOptions{}, clock),
        persistence(config, store, clock) {}

  [[nodiscard]] std::string endpoint() const {
    return config.snapshot_file.empty() ? "memory" : config.snapshot_file.string();
  }

  [[nodiscard]] bool is_ready() const noexcept { return config_check && persistence.ready(); }

  // Connects where that was left out; a call's own budget holds for it too.
  [[nodiscard]] Result<void> ready(Deadline deadline) {
    if (!config_check) return config_check;
    return persistence.connect(deadline);
  }

  // Whether a call has nothing to wait for, to check or to time; the first of all is timed.
  [[nodiscard]] bool takes_short_way(
      std::string_view key,
      const std::optional<std::chrono::milliseconds>& timeout) const noexcept {
    return !timeout && !key.empty() && key.size() <= memory::max_key_bytes && is_ready() &&
           !metrics.latency().empty() && core::LatencySampling::skips_next();
  }

  // Runs a call when ready, and says in its error where it happened.
  template <typename Run>
  [[nodiscard]] auto run(Deadline deadline, const Run& call) {
    return memory::or_out_of_memory([&] {
      return ready(deadline).and_then(call).map_error(
          [this](Error error) { return located(std::move(error)).value(); });
    });
  }

  // The same for a batch of `size` calls, which all fail where it is not ready or has no memory.
  template <typename Outcome, typename Run>
  [[nodiscard]] std::vector<Outcome> run_all(std::size_t size, Deadline deadline,
                                             const Run& calls) {
    try {
      if (Result<void> outcome = ready(deadline); !outcome) {
        return std::vector<Outcome>(size, located(std::move(outcome).error()));
      }
      return calls();
    } catch (const std::bad_alloc&) {
      return std::vector<Outcome>(size, memory::out_of_memory());
    }
  }

  // Says where it happened, if there is memory for that.
  void locate(Error& error) const noexcept {
    try {
      if (error.endpoint.empty()) error.endpoint = endpoint();
    } catch (const std::bad_alloc&) {  // What happened matters more.
    }
  }

  [[nodiscard]] tl::unexpected<Error> located(Error error) const {
    locate(error);
    return fail(std::move(error));
  }

  const CacheMetrics& metrics;
  const InMemoryConfig config;
  const Result<void> config_check;
  const Clock& clock;
  const memory::Time started;
  memory::Store store;
  memory::Persistence persistence;
};

InMemoryBackend::InMemoryBackend(InMemoryConfig config, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(config), clock, metrics())) {}

InMemoryBackend::~InMemoryBackend() = default;

Capabilities InMemoryBackend::capabilities() const {
  return {.persistence = !impl_->config.snapshot_file.empty(),
          .scan = true,
          .remove_matching = true,
          .remaining_ttl = true,
          .binary_keys = true,
          .negative_counters = true,
          .ttl_resolution = std::chrono::milliseconds(1),
          .max_key_bytes = memory::max_key_bytes,
          .max_value_bytes = memory::largest_value(impl_->store.shard_capacity())};
}

std::string InMemoryBackend::target() const {
  return or_nothing([&] { return "memory:" + impl_->config.snapshot_file.string(); });
}

std::vector<std::string> InMemoryBackend::warnings() const { return impl_->persistence.warnings(); }

Result<std::optional<std::string>> InMemoryBackend::get(std::string_view key,
                                                        const CallOptions& options) {
  if (!impl_->takes_short_way(key, options.timeout)) return CacheBackend::get(key, options);
  Result<std::optional<std::string>> value =
      memory::or_out_of_memory([&] { return impl_->store.get(key); });
  count_lookup(value);
  return value;
}

Result<bool> InMemoryBackend::set(std::string_view key, std::string_view value,
                                  const SetOptions& options) {
  const bool sound = !options.ttl.expires() || cachekit::validate(options.ttl);
  if (sound && impl_->takes_short_way(key, options.timeout)) {
    Result<bool> stored = memory::or_out_of_memory([&] {
      return impl_->store.set({key, value, options.ttl}, options.condition);
    });
    if (stored) {
      count_set(*stored);
      return stored;
    }
  }
  return CacheBackend::set(key, value, options);  // Which knows what to do about errors.
}

PinnedValue::~PinnedValue() {
  if (entry_ != nullptr) memory::release(entry_);
}

Result<std::optional<PinnedValue>> InMemoryBackend::pin(std::string_view key) {
  auto outcome = memory::or_out_of_memory([&] {
    return check_key(key)
        .and_then([&] { return impl_->ready(Deadline::after(default_timeout())); })
        .map([&]() -> std::optional<PinnedValue> {
          const memory::Entry* const entry = impl_->store.pin(key).release();
          if (entry == nullptr) return std::nullopt;
          return PinnedValue(entry, entry->value());
        });
  });
  count_lookup(outcome);
  return outcome;
}

Result<void> InMemoryBackend::resize(Bytes capacity, std::uint64_t max_items) {
  return memory::or_out_of_memory([&]() -> Result<void> {
    if (!impl_->config_check) return impl_->config_check;
    const memory::Bounds wanted = memory::bounds_of(capacity, max_items);
    const std::size_t shards =
        impl_->config.shards > 0
            ? impl_->store.shard_count()
            : static_cast<std::size_t>(std::min<std::uint64_t>(memory::choose_shards(wanted, 0),
                                                               impl_->store.most_shards()));
    if (Result<void> sound = memory::check_bounds(wanted, shards); !sound) {
      return impl_->located(std::move(sound).error());
    }
    impl_->store.resize(wanted, shards);
    return {};
  });
}

Result<void> InMemoryBackend::hottest(const HotEntryVisitor& visit) {
  return impl_->run(Deadline::after(default_timeout()), [&]() -> Result<void> {
    const memory::Time now = impl_->clock.now();
    std::vector<memory::ListedEntry> entries = impl_->store.list();
    for (auto one = entries.rbegin(); one != entries.rend(); ++one) {
      const bool expires = one->expires_at != memory::no_expiry;
      if (expires && one->expires_at <= now) continue;
      const Ttl ttl = expires ? Ttl(one->expires_at - now) : Ttl::none();
      if (!visit({.key = one->entry->key(), .value = one->entry->value(), .ttl = ttl})) break;
      one->entry.reset();
    }
    return {};
  });
}

MemoryInsights InMemoryBackend::insights() const {
  impl_->store.tend_now();  // Whichever calls look up here: not all of them tend.
  const memory::StoreSummary now = impl_->store.summary();
  MemoryInsights insights;
  for (const double factor : {0.5, 1.0, 2.0, 4.0}) {
    insights.sizing.push_back(
        {.factor = factor, .hit_ratio = impl_->store.hit_ratio(now.room * factor)});
  }
  insights.hit_ages = age_buckets(impl_->store.hit_ages());
  insights.eviction_ages = age_buckets(now.evicted_ages);
  return insights;
}

Result<void> InMemoryBackend::validate() const { return impl_->store.validate(); }

std::chrono::milliseconds InMemoryBackend::default_timeout() const noexcept {
  return impl_->config.connection_timeout;
}

bool InMemoryBackend::instant() const noexcept { return impl_->is_ready(); }

Result<void> InMemoryBackend::check_key(std::string_view key) const {
  if (key.empty()) return fail(Errc::invalid_argument, "a key must not be empty", "memory");
  if (key.size() <= memory::max_key_bytes) return {};
  return fail(
      Errc::invalid_argument,
      fmt::format("a key of {} bytes is too long; at most {}", key.size(), memory::max_key_bytes),
      "memory", "store under a hash of the key");
}

Result<void> InMemoryBackend::do_connect() {
  return memory::or_out_of_memory(
      [&] { return impl_->ready(Deadline::after(impl_->config.connection_timeout)); });
}

Result<void> InMemoryBackend::do_flush() {
  return memory::or_out_of_memory(
      [&] { return impl_->config_check ? impl_->persistence.flush() : impl_->config_check; });
}

Result<std::optional<std::string>> InMemoryBackend::do_get(std::string_view key,
                                                           Deadline deadline) {
  impl_->store.tend();  // Few calls come here: most take the short way.
  if (impl_->is_ready()) return memory::or_out_of_memory([&] { return impl_->store.get(key); });
  return impl_->run(deadline, [&] { return impl_->store.get(key); });
}

Result<bool> InMemoryBackend::do_set(const SetItem& item, SetCondition condition,
                                     Deadline deadline) {
  return impl_->run(deadline, [&] { return impl_->store.set(item, condition); });
}

Result<bool> InMemoryBackend::do_remove(std::string_view key, Deadline deadline) {
  return impl_->run(deadline, [&]() -> Result<bool> { return impl_->store.remove(key); });
}

Result<bool> InMemoryBackend::do_exists(std::string_view key, Deadline deadline) {
  return impl_->run(deadline, [&]() -> Result<bool> { return impl_->store.exists(key); });
}

Result<std::optional<Ttl>> InMemoryBackend::do_ttl(std::string_view key, Deadline deadline) {
  return impl_->run(deadline,
                    [&]() -> Result<std::optional<Ttl>> { return impl_->store.ttl(key); });
}

Result<bool> InMemoryBackend::do_touch(std::string_view key, Ttl ttl, Deadline deadline) {
  return impl_->run(deadline, [&]() -> Result<bool> { return impl_->store.touch(key, ttl); });
}

Result<std::int64_t> InMemoryBackend::do_increment(std::string_view key, std::int64_t by,
                                                   Deadline deadline) {
  return impl_->run(deadline, [&] { return impl_->store.increment(key, by); });
}

std::vector<Result<std::optional<std::string>>> InMemoryBackend::do_get_many(
    std::span<const std::string_view> keys, Deadline deadline) {
  using Outcome = Result<std::optional<std::string>>;
  return impl_->run_all<Outcome>(keys.size(), deadline, [&] {
    impl_->store.tend();
    return impl_->store.get_many(keys);
  });
}

std::vector<Result<bool>> InMemoryBackend::do_set_many(std::span<const SetItem> items,
                                                       SetCondition condition, Deadline deadline) {
  return impl_->run_all<Result<bool>>(items.size(), deadline, [&] {
    std::vector<Result<bool>> outcomes = impl_->store.set_many(items, condition);
    for (Result<bool>& outcome : outcomes) {
      if (!outcome) impl_->locate(outcome.error());
    }
    return outcomes;
  });
}

std::vector<Result<bool>> InMemoryBackend::do_remove_many(std::span<const std::string_view> keys,
                                                          Deadline deadline) {
  return impl_->run_all<Result<bool>>(keys.size(), deadline, [&] {
    std::vector<Result<bool>> outcomes;
    outcomes.reserve(keys.size());
    for (const std::string_view key : keys) outcomes.push_back(do_remove(key, deadline));
    return outcomes;
  });
}

Result<void> InMemoryBackend::do_scan(const ScanOptions& options,
                                      std::chrono::milliseconds page_timeout,
                                      const KeyVisitor& visit) {
  if (options.page_size == 0) {
    return fail(Errc::invalid_argument, "a page size must be more than zero", "memory");
  }
  return impl_->run(Deadline::after(page_timeout), [&]() -> Result<void> {
    impl_->store.scan(options, visit);
    return {};
  });
}

Result<void> InMemoryBackend::do_clear(Deadline deadline) {
  return impl_->run(deadline, [&]() -> Result<void> {
    impl_->store.clear();
    return {};
  });
}

PingReport InMemoryBackend::do_ping(Deadline deadline) {
  return report_or_error<PingReport>([&](NodePing& node) {
    const auto start = Deadline::clock::now();
    node.endpoint = impl_->endpoint();
    node.role = "in-process";
    node.version = version();
    if (Result<void> ready = impl_->ready(deadline); !ready) node.error = std::move(ready).error();
    node.round_trip =
        std::chrono::duration_cast<std::chrono::microseconds>(Deadline::clock::now() - start);
  });
}

StatsReport InMemoryBackend::do_stats(Deadline deadline) {
  return report_or_error<StatsReport>([&](NodeStats& node) {
    node.endpoint = impl_->endpoint();
    node.version = version();
    if (Result<void> ready = impl_->ready(deadline); !ready) {
      node.error = std::move(ready).error();
      return;
    }
    const auto uptime = impl_->clock.now() - impl_->started;
    node.uptime_seconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(uptime).count());
    count(impl_->store, metrics().snapshot(), node);
    node.raw = raw_stats(impl_->store, impl_->config.policy, insights());
  });
}

}  // namespace cachekit
