#pragma once

#include "net/large_keys.hpp"
#include "redis/client.hpp"

#include <cachekit/driver.hpp>
#include <cachekit/redis.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::redis {

/// One Redis server as a driver: what each operation is in commands.
class RedisDriver final : public Driver {
 public:
  explicit RedisDriver(const RedisConfig& config) : client_(config) {}
  ~RedisDriver() override { end(); }

  [[nodiscard]] std::string_view name() const noexcept override { return "redis"; }
  [[nodiscard]] Tier tier() const noexcept override { return Tier::shared; }
  [[nodiscard]] Capabilities capabilities() const override;
  [[nodiscard]] std::string target() const override;
  [[nodiscard]] std::chrono::milliseconds default_timeout() const noexcept override {
    return client_.config().operation_timeout;
  }
  [[nodiscard]] Result<void> check_key(std::string_view key) const override;
  [[nodiscard]] Result<void> check_value(std::string_view value) const override;
  void run(const AnyBatch& batch, Deadline deadline) override;
  void start(AnyAsyncCall& call) override;
  [[nodiscard]] Result<void> connect() override { return client_.connect(); }
  [[nodiscard]] Result<void> clear(Deadline deadline) override;
  [[nodiscard]] PingReport ping(Deadline deadline) override;
  [[nodiscard]] StatsReport stats(Deadline deadline) override;
  [[nodiscard]] std::vector<ConnectionStats> connections() override;

  /// Runs a command that holds nobody up, but by the size of its reply: that of `label` is noted.
  [[nodiscard]] Result<RedisReply> run_shared(std::span<const std::string_view> arguments,
                                              Idempotent idempotent, const std::string& label,
                                              Deadline deadline);
  /// Settles all that is under way.
  void end() noexcept { client_.end(); }
  [[nodiscard]] Client& client() noexcept { return client_; }

 private:
  template <typename Operation>
  [[nodiscard]] Result<typename Operation::Value> run_one(const Operation& operation,
                                                          Deadline deadline);
  template <typename Operation>
  void run_many(const BatchOf<Operation>& batch, Deadline deadline);

  net::LargeKeys large_keys_{};  // Before the client, whose last requests note sizes.
  Client client_;
};

}  // namespace cachekit::redis
