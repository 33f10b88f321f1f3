#include "sqlite_driver.hpp"

#include <algorithm>
#include <utility>

namespace sqlite_cache {

using cachekit::Deadline;
using cachekit::Errc;
using cachekit::Result;

template <typename Work>
Result<void> SqliteDriver::in_transaction(bool changes, Deadline deadline, const Work& work) try {
  // By the wall clock: ThreadSanitizer (g++ 12) does not see who gets a mutex by the steady one.
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24);
  const auto latest = std::chrono::system_clock::now() + std::min(deadline.remaining(), longest);
  const std::unique_lock lock(mutex_, latest);
  if (!lock.owns_lock()) {
    return cachekit::fail(Errc::timeout, "other threads used the connection all the time",
                          config_.file, "give the call a longer timeout, or call less often");
  }
  if (!entries_) entries_.emplace(config_.file, deadline);
  entries_->connection().give_up_at(deadline);
  Transaction transaction(entries_->connection(), changes);
  if (changes) entries_->sweep();
  work(*entries_);
  transaction.commit();
  return {};
} catch (Failure& failure) {
  return cachekit::fail(std::move(failure.error));
}

cachekit::Capabilities SqliteDriver::capabilities() const {
  return {.persistence = true,
          .scan = true,
          .remove_matching = true,
          .remaining_ttl = true,
          .binary_keys = true,
          .negative_counters = true,
          .compare_and_set = true,
          .max_key_bytes = std::size_t{64} << 10U,
          .max_value_bytes = config_.max_value_bytes};
}

void SqliteDriver::run(const cachekit::AnyBatch& any, Deadline deadline) {
  const auto run_one = [&]<typename Operation>(const cachekit::BatchOf<Operation>& batch) {
    const bool changes = cachekit::changes(Operation::effect);
    const auto done = in_transaction(changes, deadline, [&](Entries& entries) {
      cachekit::run_each(any, [&](const auto& one) { return entries.answer(one); });
    });
    if (!done) cachekit::fail_each(batch, done.error());
  };
  std::visit(run_one, any);
}

Result<void> SqliteDriver::check_value(std::string_view value) const {
  if (value.size() <= config_.max_value_bytes) return {};
  return cachekit::fail(Errc::too_large,
                        "a value of " + std::to_string(value.size()) +
                            " bytes is too large; at most " +
                            std::to_string(config_.max_value_bytes),
                        config_.file, "store less under one key, or raise max_value_bytes");
}

Result<void> SqliteDriver::connect() {
  return in_transaction(false, Deadline::after(config_.operation_timeout), [](Entries&) {});
}

Result<void> SqliteDriver::clear(Deadline deadline) {
  return in_transaction(true, deadline, [](Entries& entries) { entries.clear(); });
}

cachekit::StatsReport SqliteDriver::stats(Deadline deadline) {
  cachekit::StatsReport report;
  cachekit::NodeStats& node = report.nodes.emplace_back();
  node.endpoint = config_.file;
  node.version = sqlite3_libversion();
  const Result<void> done = in_transaction(false, deadline, [&](Entries& entries) {
    node.items = entries.count();
    node.bytes = entries.bytes();
  });
  if (!done) node.error = done.error();
  return report;
}

std::unique_ptr<cachekit::CacheBackend> make_backend(SqliteConfig config) {
  return std::make_unique<cachekit::CacheBackend>(
      std::make_unique<SqliteDriver>(std::move(config)));
}

}  // namespace sqlite_cache
