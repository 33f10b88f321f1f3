#pragma once

#include "memcached/cluster.hpp"
#include "memcached/key.hpp"
#include "memcached/refused_counts.hpp"

#include <cachekit/driver.hpp>
#include <cachekit/memcached.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit::memcached {

/// The servers of one configuration as a driver, or the reason why they cannot be.
class MemcachedDriver final : public Driver {
 public:
  explicit MemcachedDriver(MemcachedConfig config)
      : config_(std::move(config)), cluster_(Cluster::build(config_)) {}
  ~MemcachedDriver() override { end(); }

  [[nodiscard]] std::string_view name() const noexcept override { return "memcached"; }
  [[nodiscard]] Tier tier() const noexcept override { return Tier::shared; }
  [[nodiscard]] Capabilities capabilities() const override;
  [[nodiscard]] std::string target() const override;
  [[nodiscard]] std::chrono::milliseconds default_timeout() const noexcept override {
    return config_.operation_timeout;
  }
  [[nodiscard]] Result<void> check_key(std::string_view key) const override {
    return memcached::check_key(key);
  }
  [[nodiscard]] Result<void> check_value(std::string_view value) const override;
  void run(const AnyBatch& batch, Deadline deadline) override;
  void start(AnyAsyncCall& call) override;
  [[nodiscard]] Result<void> connect() override;
  [[nodiscard]] Result<void> clear(Deadline deadline) override;
  [[nodiscard]] PingReport ping(Deadline deadline) override;
  [[nodiscard]] StatsReport stats(Deadline deadline) override;
  [[nodiscard]] std::vector<ConnectionStats> connections() override;

  /// Settles all that is under way.
  void end() noexcept {
    if (cluster_) cluster_->end();
  }
  [[nodiscard]] const Result<Cluster>& cluster() const noexcept { return cluster_; }

 private:
  template <typename Operation>
  void run_one(const BatchOf<Operation>& batch, Deadline deadline);
  template <typename Operation>
  void run_many(const BatchOf<Operation>& batch, Deadline deadline);
  [[nodiscard]] Result<std::int64_t> run_increment(const operation::Increment& one,
                                                   Deadline deadline);
  [[nodiscard]] Result<bool> run_compare_and_set(const operation::CompareAndSet& one,
                                                 Deadline deadline);
  void begin(AsyncCall<operation::Increment>& call);
  void begin(AsyncCall<operation::CompareAndSet>& call);
  void begin(AsyncCall<operation::ScanPage>& call);
  template <typename Operation>
  void begin(AsyncCall<Operation>& call);

  const MemcachedConfig config_;
  RefusedCounts refused_counts_;
  Result<Cluster> cluster_;
};

}  // namespace cachekit::memcached
