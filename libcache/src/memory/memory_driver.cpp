#include "memory/memory_driver.hpp"

#include "memory/configuration.hpp"
#include "memory/insights.hpp"

#include <cachekit/runtime.hpp>
#include <cachekit/version.hpp>

#include <algorithm>
#include <charconv>
#include <new>
#include <type_traits>

#include <fmt/format.h>

namespace cachekit::memory {
namespace {

Result<std::optional<std::string>> answer(Store& store, const operation::Get& get) {
  return store.get(get.key);
}
// None is to discard: every value passes, and what is too large is found by the store.
Result<bool> answer(Store& store, const operation::Set& set) { return store.set(set); }
Result<bool> answer(Store& store, const operation::Remove& remove) {
  return store.remove(remove.key);
}
Result<bool> answer(Store& store, const operation::Exists& exists) {
  return store.exists(exists.key);
}
Result<std::optional<Ttl>> answer(Store& store, const operation::RemainingTtl& ttl) {
  return store.ttl(ttl.key);
}
Result<bool> answer(Store& store, const operation::Touch& touch) {
  return store.touch(touch.key, touch.ttl);
}
Result<std::int64_t> answer(Store& store, const operation::Increment& increment) {
  return store.increment(increment.key, increment.by);
}

Result<bool> answer(Store& store, const operation::CompareAndSet& one) {
  return store.compare_and_set(one);
}

Result<Leased> answer(Store& store, const operation::LeaseGet& get) { return store.lease_get(get); }
Result<bool> answer(Store& store, const operation::LeaseSet& set) { return store.lease_set(set); }
Result<bool> answer(Store& store, const operation::LeaseDrop& drop) {
  return store.lease_drop(drop);
}

// A cursor is the position at which the page before ended.
Result<KeyPage> answer(Store& store, const operation::ScanPage& scan) {
  std::uint64_t from = Index::walk_start;
  const char* const end = scan.cursor.data() + scan.cursor.size();
  if (!scan.cursor.empty()) {
    const auto [stop, error] = std::from_chars(scan.cursor.data(), end, from);
    if (error != std::errc() || stop != end) {
      return fail(Errc::invalid_argument,
                  "a cursor must be one that the page before this one gave");
    }
  }
  KeyPage page;
  if (from >= Index::walk_end) return page;
  ScanPage found = store.scan_page(scan.pattern, scan.page_size, from);
  page.keys.reserve(found.keys.size());
  for (ScanPage::Key& key : found.keys) page.keys.push_back(std::move(key.text));
  if (found.end < Index::walk_end) page.next = std::to_string(found.end);
  return page;
}

void count(Store& store, const MetricsSnapshot& calls, NodeStats& node) {
  const ShardStats now = store.stats();
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
    report.nodes.emplace_back().error = out_of_memory().value();
    return report;
  }
}

}  // namespace

MemoryDriver::MemoryDriver(InMemoryConfig config, const Runtime& runtime)
    : config_(std::move(config)),
      config_check_(check_config(config_)),
      runtime_(runtime),
      started_(runtime.now()),
      store_(config_check_ ? store_options() : StoreOptions{}, runtime),
      persistence_(config_, store_, runtime) {}

StoreOptions MemoryDriver::store_options() const {
  const Bounds bounds = bounds_of(config_.capacity, config_.max_entries);
  const std::uint64_t shards = choose_shards(bounds, config_.shards);
  return {.shards = static_cast<std::size_t>(shards),
          .most_shards = static_cast<std::size_t>(most_shards(shards, config_.shards)),
          .bounds = bounds,
          .policy = config_.policy,
          .on_removal = config_.on_removal,
          .look_ups = [this] {
            const MetricsSnapshot now = metrics().snapshot();
            return now.hits + now.misses;
          }};
}

Capabilities MemoryDriver::capabilities() const {
  return {.persistence = !config_.snapshot_file.empty(),
          .scan = true,
          .remove_matching = true,
          .remaining_ttl = true,
          .binary_keys = true,
          .negative_counters = true,
          .compare_and_set = true,
          .leases = true,
          .ttl_resolution = std::chrono::milliseconds(1),
          .max_key_bytes = max_key_bytes,
          .max_value_bytes = largest_value(store_.shard_capacity())};
}

std::string MemoryDriver::endpoint() const {
  return config_.snapshot_file.empty() ? "memory" : config_.snapshot_file.string();
}

std::string MemoryDriver::target() const { return "memory:" + config_.snapshot_file.string(); }

Result<void> MemoryDriver::check_key(std::string_view key) const {
  if (key.empty()) return fail(Errc::invalid_argument, "a key must not be empty", "memory");
  if (key.size() <= max_key_bytes) return {};
  return fail(Errc::invalid_argument,
              fmt::format("a key of {} bytes is too long; at most {}", key.size(), max_key_bytes),
              "memory", "store under a hash of the key");
}

Result<void> MemoryDriver::ready(Deadline deadline) {
  if (!config_check_) return config_check_;
  return persistence_.connect(deadline);
}

// Says where it happened, if there is memory for that.
void MemoryDriver::locate(Error& error) const noexcept {
  try {
    if (error.endpoint.empty()) error.endpoint = endpoint();
  } catch (const std::bad_alloc&) {  // What happened matters more.
  }
}

tl::unexpected<Error> MemoryDriver::located(Error error) const {
  locate(error);
  return fail(std::move(error));
}

template <typename Operation>
void MemoryDriver::run_ready_batch(const BatchOf<Operation>& batch) {
  if constexpr (std::is_same_v<Operation, operation::Get>) {
    store_.maintain();  // Few single calls come here: most take the short way.
    if (batch.operations.size() > 1) return store_.get_many(batch.operations, batch.outcomes);
  } else if constexpr (std::is_same_v<Operation, operation::Set>) {
    if (batch.operations.size() > 1) return store_.set_many(batch.operations, batch.outcomes);
  }
  for (std::size_t i = 0; i < batch.operations.size(); ++i) {
    batch.outcomes[i] = or_out_of_memory([&] { return answer(store_, batch.operations[i]); });
  }
}

void MemoryDriver::run(const AnyBatch& any, Deadline deadline) {
  const auto run_one = [&]<typename Operation>(const BatchOf<Operation>& batch) {
    try {
      Result<void> now = is_ready() ? Result<void>() : ready(deadline);
      if (!now) return fail_each(batch, located(std::move(now).error()).value());
      run_ready_batch(batch);
    } catch (const std::bad_alloc&) {
      return fail_each(batch, out_of_memory().value());
    }
    for (auto& outcome : batch.outcomes) {
      if (!outcome) locate(outcome.error());
    }
  };
  std::visit(run_one, any);
}

Result<void> MemoryDriver::connect() {
  return or_out_of_memory([&] { return ready(Deadline::after(config_.connection_timeout)); });
}

Result<void> MemoryDriver::flush() {
  return or_out_of_memory([&] { return config_check_ ? persistence_.flush() : config_check_; });
}

Result<void> MemoryDriver::clear(Deadline deadline) {
  return run_ready(deadline, [&]() -> Result<void> {
    store_.clear();
    return {};
  });
}

Result<void> MemoryDriver::resize(Bytes capacity, std::uint64_t items) {
  return or_out_of_memory([&]() -> Result<void> {
    if (!config_check_) return config_check_;
    const Bounds wanted = bounds_of(capacity, items);
    const std::size_t shards = config_.shards > 0
                                   ? store_.shard_count()
                                   : static_cast<std::size_t>(std::min<std::uint64_t>(
                                         choose_shards(wanted, 0), store_.most_shards()));
    if (Result<void> sound = check_bounds(wanted, shards); !sound) {
      return located(std::move(sound).error());
    }
    store_.resize(wanted, shards);
    return {};
  });
}

Result<void> MemoryDriver::hottest(const HotEntryVisitor& visit, Deadline deadline) {
  return run_ready(deadline, [&]() -> Result<void> {
    const Time now = runtime_.now();
    std::vector<ListedEntry> entries = store_.list();
    for (auto one = entries.rbegin(); one != entries.rend(); ++one) {
      const bool expires = one->expires_at != no_expiry;
      if (expires && one->expires_at <= now) continue;
      const Ttl ttl = expires ? Ttl(one->expires_at - now) : Ttl::none();
      if (!visit({.key = one->entry->key(), .value = one->entry->value(), .ttl = ttl})) break;
      one->entry.reset();
    }
    return {};
  });
}

MemoryInsights MemoryDriver::insights() {
  store_.maintain_now();  // Whichever calls look up here: not all of them maintain.
  const StoreSummary now = store_.summary();
  MemoryInsights insights;
  for (const double factor : {0.5, 1.0, 2.0, 4.0}) {
    insights.sizing.push_back({.factor = factor, .hit_ratio = store_.hit_ratio(now.room * factor)});
  }
  insights.hit_ages = age_buckets(store_.hit_ages());
  insights.eviction_ages = age_buckets(now.evicted_ages);
  return insights;
}

PingReport MemoryDriver::ping(Deadline deadline) {
  return report_or_error<PingReport>([&](NodePing& node) {
    const auto start = Deadline::clock::now();
    node.endpoint = endpoint();
    node.role = "in-process";
    node.version = version();
    if (Result<void> ready = this->ready(deadline); !ready) node.error = std::move(ready).error();
    node.round_trip =
        std::chrono::duration_cast<std::chrono::microseconds>(Deadline::clock::now() - start);
  });
}

StatsReport MemoryDriver::stats(Deadline deadline) {
  return report_or_error<StatsReport>([&](NodeStats& node) {
    node.endpoint = endpoint();
    node.version = version();
    if (Result<void> ready = this->ready(deadline); !ready) {
      node.error = std::move(ready).error();
      return;
    }
    const auto uptime = runtime_.now() - started_;
    node.uptime_seconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(uptime).count());
    count(store_, metrics().snapshot(), node);
    node.raw = raw_stats(store_, config_.policy, insights());
  });
}

}  // namespace cachekit::memory
