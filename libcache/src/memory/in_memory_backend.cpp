#include "memory/limits.hpp"
#include "memory/persistence.hpp"
#include "memory/store.hpp"

#include <cachekit/memory.hpp>
#include <cachekit/version.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace cachekit {
namespace {

Result<void> check_config(const InMemoryConfig& config) {
  if (config.capacity.count == 0) {
    return fail(Errc::invalid_argument, "a capacity of 0 holds nothing", "memory",
                "give at least 1MiB");
  }
  if (config.shards > memory::max_shards) {
    return fail(
        Errc::invalid_argument,
        fmt::format("{} shards are too many; at most {}", config.shards, memory::max_shards),
        "memory", "leave shards at 0 to have them chosen");
  }
  if (config.connection_timeout <= std::chrono::milliseconds::zero()) {
    return fail(Errc::invalid_argument, "connection_timeout must be more than zero", "memory",
                "to wait without limit, say cachekit::forever");
  }
  return {};
}

std::size_t choose_shards(const InMemoryConfig& config) {
  const std::uint64_t capacity = config.capacity.count;
  std::uint64_t shards = config.shards;
  if (shards == 0) shards = std::clamp<std::uint64_t>(capacity / mebibytes(1).count, 1, 16);
  const std::uint64_t fewest = (capacity + memory::max_shard_bytes - 1) / memory::max_shard_bytes;
  return static_cast<std::size_t>(std::max(shards, fewest));
}

}  // namespace

class InMemoryBackend::Impl {
 public:
  Impl(InMemoryConfig given, const Clock& given_clock)
      : config(std::move(given)),
        config_check(check_config(config)),
        clock(given_clock),
        started(clock.now()),
        store(config_check ? choose_shards(config) : 1, config.capacity.count, clock),
        persistence(config, store, clock) {}

  [[nodiscard]] std::string endpoint() const {
    return config.snapshot_file.empty() ? "memory" : config.snapshot_file.string();
  }

  // Connects where that was left out; a call's own budget holds for it too.
  [[nodiscard]] Result<void> ready(Deadline deadline) {
    if (!config_check) return config_check;
    return persistence.connect(deadline);
  }

  // Runs a call when ready, and says in its error where it happened.
  template <typename Run>
  [[nodiscard]] auto run(Deadline deadline, const Run& call) {
    return ready(deadline).and_then(call).map_error([this](Error error) {
      if (error.endpoint.empty()) error.endpoint = endpoint();
      return error;
    });
  }

  const InMemoryConfig config;
  const Result<void> config_check;
  const Clock& clock;
  const memory::Time started;
  memory::Store store;
  memory::Persistence persistence;
};

InMemoryBackend::InMemoryBackend(InMemoryConfig config, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(config), clock)) {}

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
  return "memory:" + impl_->config.snapshot_file.string();
}

std::vector<std::string> InMemoryBackend::warnings() const { return impl_->persistence.warnings(); }

Result<void> InMemoryBackend::validate() const { return impl_->store.validate(); }

std::chrono::milliseconds InMemoryBackend::default_timeout() const noexcept {
  return impl_->config.connection_timeout;
}

Result<void> InMemoryBackend::check_key(std::string_view key) const {
  if (key.empty()) return fail(Errc::invalid_argument, "a key must not be empty", "memory");
  if (key.size() <= memory::max_key_bytes) return {};
  return fail(
      Errc::invalid_argument,
      fmt::format("a key of {} bytes is too long; at most {}", key.size(), memory::max_key_bytes),
      "memory", "store under a hash of the key");
}

Result<void> InMemoryBackend::do_connect() {
  return impl_->ready(Deadline::after(impl_->config.connection_timeout));
}

Result<void> InMemoryBackend::do_flush() {
  if (!impl_->config_check) return impl_->config_check;
  return impl_->persistence.flush();
}

Result<std::optional<std::string>> InMemoryBackend::do_get(std::string_view key,
                                                           Deadline deadline) {
  return impl_->run(deadline,
                    [&]() -> Result<std::optional<std::string>> { return impl_->store.get(key); });
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
  std::vector<Result<std::optional<std::string>>> outcomes;
  outcomes.reserve(keys.size());
  for (const std::string_view key : keys) outcomes.push_back(do_get(key, deadline));
  return outcomes;
}

std::vector<Result<bool>> InMemoryBackend::do_set_many(std::span<const SetItem> items,
                                                       SetCondition condition, Deadline deadline) {
  std::vector<Result<bool>> outcomes;
  outcomes.reserve(items.size());
  for (const SetItem& item : items) outcomes.push_back(do_set(item, condition, deadline));
  return outcomes;
}

std::vector<Result<bool>> InMemoryBackend::do_remove_many(std::span<const std::string_view> keys,
                                                          Deadline deadline) {
  std::vector<Result<bool>> outcomes;
  outcomes.reserve(keys.size());
  for (const std::string_view key : keys) outcomes.push_back(do_remove(key, deadline));
  return outcomes;
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
  const auto start = Deadline::clock::now();
  NodePing node{.endpoint = impl_->endpoint(), .role = "in-process", .version = version()};
  if (Result<void> ready = impl_->ready(deadline); !ready) node.error = std::move(ready).error();
  node.round_trip =
      std::chrono::duration_cast<std::chrono::microseconds>(Deadline::clock::now() - start);
  return {.nodes = {std::move(node)}};
}

StatsReport InMemoryBackend::do_stats(Deadline deadline) {
  NodeStats node{.endpoint = impl_->endpoint(), .version = version()};
  if (Result<void> ready = impl_->ready(deadline); !ready) {
    node.error = std::move(ready).error();
    return {.nodes = {std::move(node)}};
  }
  const memory::ShardStats now = impl_->store.stats();
  const auto uptime = impl_->clock.now() - impl_->started;
  node.uptime_seconds =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(uptime).count());
  node.items = now.items;
  node.bytes = now.bytes;
  node.max_bytes = impl_->config.capacity.count;
  node.hits = now.hits;
  node.misses = now.misses;
  node.evictions = now.evictions;
  node.expired = now.expired;
  node.raw = {{"shards", std::to_string(impl_->store.shard_count())},
              {"shard_bytes", std::to_string(impl_->store.shard_capacity())}};
  return {.nodes = {std::move(node)}};
}

}  // namespace cachekit
