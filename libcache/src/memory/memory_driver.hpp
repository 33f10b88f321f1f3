#pragma once

#include "core/latency_sampling.hpp"
#include "memory/limits.hpp"
#include "memory/out_of_memory.hpp"
#include "memory/persistence.hpp"
#include "memory/store.hpp"

#include <cachekit/driver.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/runtime.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cachekit::memory {

/// The in-process engine as a driver: a store, and the file that its entries come from and go to.
class MemoryDriver final : public Driver {
 public:
  MemoryDriver(InMemoryConfig config, const Runtime& runtime);

  [[nodiscard]] std::string_view name() const noexcept override { return "memory"; }
  [[nodiscard]] Tier tier() const noexcept override { return Tier::in_process; }
  [[nodiscard]] Capabilities capabilities() const override;
  [[nodiscard]] std::string target() const override;
  [[nodiscard]] std::chrono::milliseconds default_timeout() const noexcept override {
    return config_.connection_timeout;
  }
  [[nodiscard]] bool never_blocks() const noexcept override { return is_ready(); }
  [[nodiscard]] Result<void> check_key(std::string_view key) const override;
  [[nodiscard]] Result<void> check_value(std::string_view /*value*/) const override {
    return {};  // How much room there is only a shard knows, under its lock.
  }
  void run(const AnyBatch& batch, Deadline deadline) override;
  [[nodiscard]] Result<void> connect() override;
  [[nodiscard]] Result<void> flush() override;
  [[nodiscard]] Result<void> clear(Deadline deadline) override;
  [[nodiscard]] PingReport ping(Deadline deadline) override;
  [[nodiscard]] StatsReport stats(Deadline deadline) override;

  /// Whether a call has nothing to wait for, to check or to time; the first of all is timed.
  [[nodiscard]] bool takes_short_way(
      std::string_view key,
      const std::optional<std::chrono::milliseconds>& timeout) const noexcept {
    return !timeout && !key.empty() && key.size() <= max_key_bytes && is_ready() &&
           !metrics().latency().empty() && core::LatencySampling::skips_next();
  }
  /// Connects where that was left out; a call's own budget holds for it too.
  [[nodiscard]] Result<void> ready(Deadline deadline);
  /// Runs a call when ready, and says in its error where it happened.
  template <typename Run>
  [[nodiscard]] auto run_ready(Deadline deadline, const Run& call) {
    return or_out_of_memory([&] {
      return ready(deadline).and_then(call).map_error(
          [this](Error error) { return located(std::move(error)).value(); });
    });
  }
  [[nodiscard]] Result<void> resize(Bytes capacity, std::uint64_t items);
  [[nodiscard]] Result<void> hottest(const HotEntryVisitor& visit, Deadline deadline);
  [[nodiscard]] MemoryInsights insights();

  /// Says in an error where it happened.
  void locate(Error& error) const noexcept;

  [[nodiscard]] Store& store() noexcept { return store_; }
  [[nodiscard]] const Persistence& persistence() const noexcept { return persistence_; }

 private:
  [[nodiscard]] bool is_ready() const noexcept { return config_check_ && persistence_.ready(); }
  [[nodiscard]] StoreOptions store_options() const;
  template <typename Operation>
  void run_ready_batch(const BatchOf<Operation>& batch);
  [[nodiscard]] std::string endpoint() const;
  [[nodiscard]] tl::unexpected<Error> located(Error error) const;

  const InMemoryConfig config_;
  const Result<void> config_check_;
  const Runtime& runtime_;
  const Time started_;
  Store store_;
  Persistence persistence_;
};

}  // namespace cachekit::memory
