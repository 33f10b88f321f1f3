#pragma once

#include "entries.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/driver.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace sqlite_cache {

struct SqliteConfig {
  std::string file = "cachekit.sqlite";  ///< Made where there is none; its folder is not.
  /// Budget of a call that names none.
  std::chrono::milliseconds operation_timeout = std::chrono::milliseconds(500);
  std::size_t max_value_bytes = std::size_t{16} << 20U;  ///< Above this a value is `too_large`.
};

/// A cache in an SQLite database, which processes of one machine can share. A batch is one
/// transaction: where SQLite fails, all of its outcomes are that error and nothing was changed.
/// One connection serves all threads, in turn. Not to be used in a forked child.
class SqliteDriver final : public cachekit::Driver {
 public:
  explicit SqliteDriver(SqliteConfig config) : config_(std::move(config)) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "sqlite"; }
  [[nodiscard]] cachekit::Tier tier() const noexcept override { return cachekit::Tier::shared; }
  [[nodiscard]] cachekit::Capabilities capabilities() const override;
  [[nodiscard]] std::string target() const override { return "sqlite:" + config_.file; }
  void run(const cachekit::AnyBatch& batch, cachekit::Deadline deadline) override;

  [[nodiscard]] std::chrono::milliseconds default_timeout() const noexcept override {
    return config_.operation_timeout;
  }
  [[nodiscard]] cachekit::Result<void> check_value(std::string_view value) const override;
  [[nodiscard]] cachekit::Result<void> connect() override;
  [[nodiscard]] cachekit::Result<void> clear(cachekit::Deadline deadline) override;
  [[nodiscard]] cachekit::StatsReport stats(cachekit::Deadline deadline) override;

 private:
  /// Runs `work(entries)` in a transaction, by the deadline; opens the file where that is still to
  /// be done. Errors: as `Errc` tells.
  template <typename Work>
  cachekit::Result<void> in_transaction(bool changes, cachekit::Deadline deadline,
                                        const Work& work);

  const SqliteConfig config_;
  std::timed_mutex mutex_;  // Guards what follows. Waited for no longer than a call has time.
  std::optional<Entries> entries_;
};

[[nodiscard]] std::unique_ptr<cachekit::CacheBackend> make_backend(SqliteConfig config);

}  // namespace sqlite_cache
