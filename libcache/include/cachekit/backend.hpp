#pragma once

#include <cachekit/capabilities.hpp>
#include <cachekit/deadline.hpp>
#include <cachekit/driver.hpp>
#include <cachekit/error.hpp>
#include <cachekit/export.hpp>
#include <cachekit/metrics.hpp>
#include <cachekit/operation.hpp>
#include <cachekit/pending.hpp>
#include <cachekit/report.hpp>
#include <cachekit/ttl.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit {

/// What any call may be given. `timeout` is the budget of the whole call; empty means the
/// backend's own. Zero and less are refused; no limit is spelled `cachekit::forever`.
///
/// `stop` withdraws the call, whether its caller waits or not: what was not sent by then is
/// `cancelled`, a change that was sent is `outcome_unknown`. A blocking call with a token that can
/// be stopped is one that is begun without waiting, and waited for: it has the bounds of those
/// (`max_in_flight`, `max_in_flight_bytes`). `scan` and `remove_matching` look at it between pages
/// too; `clear`, `ping` and `stats` are not withdrawn.
struct CallOptions {
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
  std::stop_token stop{};
};

struct SetOptions {
  Ttl ttl = Ttl::none();
  SetCondition condition = SetCondition::always;
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
  std::stop_token stop{};  ///< As that of `CallOptions`.
};

/// One entry of `set_many`. Lifetime: the views must outlive the call.
struct SetItem {
  std::string_view key;
  std::string_view value;
  Ttl ttl = Ttl::none();
};

struct SetManyOptions {
  SetCondition condition = SetCondition::always;
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
  std::stop_token stop{};  ///< As that of `CallOptions`.
};

struct ScanOptions {
  std::string pattern = "*";    ///< A glob: `*`, `?`, `[a-z]`, `[^x]`, `\` before a literal.
  std::size_t page_size = 500;  ///< How many keys to ask for at a time.
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;  ///< Of one page.
  std::stop_token stop{};                                           ///< Looked at between pages.
};

struct RemoveMatchingOptions {
  bool dry_run = false;        ///< Count, remove nothing.
  double keys_per_second = 0;  ///< 0: as fast as it goes.
  std::size_t page_size = 500;
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;  ///< Of one page.
  std::stop_token stop{};                                           ///< Looked at between pages.
};

namespace detail {

/// Many operations whose caller does not wait, and what is given back.
template <typename Operation>
struct AsyncBatch {
  using Outcomes = std::vector<Result<typename Operation::Value>>;
  std::span<const Operation> operations;
  std::stop_token stop{};
  Pending<Outcomes> pending{};
};

}  // namespace detail

/// One cache, whatever holds it. Switching the backend needs no change in code that uses this.
///
/// Keys and values are bytes. Every key is checked before anything is sent; a key that the backend
/// cannot hold is `invalid_argument`. A miss is an empty optional, never an error, and an error is
/// never a miss. Constructors do no I/O: `connect()` does, and every call connects by itself when
/// that was left out.
///
/// Threads: all members may be called from any thread at once.
/// Errors: as `Errc` tells; `unsupported` only where `capabilities()` says so beforehand. An
/// allocation that fails is an error, too: `overloaded`, `unavailable` where a connection was
/// closed over it, or `outcome_unknown` for a change that may have been sent. Only where there is
/// no memory for as many errors as a batch has elements `std::bad_alloc` is thrown.
///
/// Limits: every call ends within its budget (`CallOptions::timeout`), but for the time that it
/// takes to copy what the call itself is given or gets (some milliseconds for a value of 16 MiB),
/// and to `clear` a cache in the process.
///
/// How the data is kept is the business of its `Driver`.
class CACHEKIT_API CacheBackend {
 public:
  using KeyVisitor = std::function<bool(std::string_view key)>;

  explicit CacheBackend(std::unique_ptr<Driver> driver);
  virtual ~CacheBackend();
  CacheBackend(const CacheBackend&) = delete;
  CacheBackend& operator=(const CacheBackend&) = delete;

  /// "memory", "redis", "memcached", or what a driver of yours calls itself.
  [[nodiscard]] std::string_view name() const noexcept { return driver_->name(); }
  [[nodiscard]] Tier tier() const noexcept { return driver_->tier(); }
  [[nodiscard]] Capabilities capabilities() const { return driver_->capabilities(); }
  /// Where it stands, for people: "redis://localhost:6379/0"; never with a secret. Empty where
  /// there is no memory for it.
  [[nodiscard]] std::string target() const;

  /// Checks the configuration and reaches every node, within the connection budget.
  [[nodiscard]] Result<void> connect();
  /// Makes what was written durable where this object is its holder (the in-process snapshot).
  [[nodiscard]] Result<void> flush();

  /// (`get` and `set` are virtual for a backend that has a shorter way to the same outcome.)
  [[nodiscard]] virtual Result<std::optional<std::string>> get(std::string_view key,
                                                               const CallOptions& options = {});
  /// True when stored; false when the condition did not hold. After `too_large`, no older value is
  /// left behind (unless the condition was `if_absent`).
  [[nodiscard]] virtual Result<bool> set(std::string_view key, std::string_view value,
                                         const SetOptions& options = {});
  /// True when there was an entry.
  [[nodiscard]] Result<bool> remove(std::string_view key, const CallOptions& options = {});
  [[nodiscard]] Result<bool> exists(std::string_view key, const CallOptions& options = {});
  /// What is left of an entry's life, `Ttl::none()` for no expiry, empty for a miss. It can be
  /// given to `set` as it is: a longer life than `Ttl::max`, which others can give, is told as
  /// that.
  [[nodiscard]] Result<std::optional<Ttl>> ttl(std::string_view key,
                                               const CallOptions& options = {});
  /// Gives an entry a new TTL; false for a miss.
  [[nodiscard]] Result<bool> touch(std::string_view key, Ttl ttl, const CallOptions& options = {});
  /// Adds `by` to a decimal counter and gives the sum; a missing one counts from 0 without expiry,
  /// an existing one keeps its TTL. Where `capabilities().negative_counters` is false (Memcached),
  /// a counter that would go below 0 stops there, also a new one, and 0 is what it gives: that is
  /// no error. Errors: `rejected` when the value is no number or would overflow; it stays as it is.
  [[nodiscard]] Result<std::int64_t> increment(std::string_view key, std::int64_t by = 1,
                                               const CallOptions& options = {});

  /// One outcome per key, in order: a node that is down fails its own keys only.
  [[nodiscard]] std::vector<Result<std::optional<std::string>>> get_many(
      std::span<const std::string_view> keys, const CallOptions& options = {});
  [[nodiscard]] std::vector<Result<bool>> set_many(std::span<const SetItem> items,
                                                   const SetManyOptions& options = {});
  [[nodiscard]] std::vector<Result<bool>> remove_many(std::span<const std::string_view> keys,
                                                      const CallOptions& options = {});

  /// Calls `visit` for each key that matches, until it returns false. Keys that come or go while
  /// it runs may or may not be seen; one key may be seen twice. No lock is held during a visit.
  [[nodiscard]] Result<void> scan(const ScanOptions& options, const KeyVisitor& visit);
  /// Removes what matches, page by page and never faster than asked; gives how many. Ends the
  /// leases of the keys that it finds, not those of keys that have no entry.
  [[nodiscard]] Result<std::uint64_t> remove_matching(std::string_view pattern,
                                                      const RemoveMatchingOptions& options = {});
  /// Removes everything in the target (for Redis: the selected database).
  [[nodiscard]] Result<void> clear(const CallOptions& options = {});

  /// The same without waiting: each call returns at once and can be taken up later; see `Pending`.
  /// Where the data is in this process, it is done when the call returns.
  [[nodiscard]] Pending<std::optional<std::string>> async_get(std::string_view key,
                                                              const CallOptions& options = {});
  [[nodiscard]] Pending<bool> async_set(std::string_view key, std::string_view value,
                                        const SetOptions& options = {});
  [[nodiscard]] Pending<bool> async_remove(std::string_view key, const CallOptions& options = {});
  [[nodiscard]] Pending<bool> async_exists(std::string_view key, const CallOptions& options = {});
  [[nodiscard]] Pending<bool> async_touch(std::string_view key, Ttl ttl,
                                          const CallOptions& options = {});
  [[nodiscard]] Pending<std::int64_t> async_increment(std::string_view key, std::int64_t by = 1,
                                                      const CallOptions& options = {});

  /// As the blocking batches, an outcome for each. All of them are begun at once: what is beyond
  /// the backend's bounds of requests under way is `overloaded`.
  [[nodiscard]] Pending<std::vector<Result<std::optional<std::string>>>> async_get_many(
      std::span<const std::string_view> keys, const CallOptions& options = {});
  [[nodiscard]] Pending<std::vector<Result<bool>>> async_set_many(
      std::span<const SetItem> items, const SetManyOptions& options = {});
  [[nodiscard]] Pending<std::vector<Result<bool>>> async_remove_many(
      std::span<const std::string_view> keys, const CallOptions& options = {});
  [[nodiscard]] Pending<std::optional<Ttl>> async_ttl(std::string_view key,
                                                      const CallOptions& options = {});

  /// Any operation of operation.hpp, of which the calls above are the usual ones: waited for, many
  /// at once (one outcome for each, in order), and without waiting.
  template <typename Operation>
  [[nodiscard]] Result<typename Operation::Value> run(const Operation& operation,
                                                      const CallOptions& options = {});
  template <typename Operation>
  [[nodiscard]] std::vector<Result<typename Operation::Value>> run_many(
      std::span<const Operation> operations, const CallOptions& options = {});
  template <typename Operation>
  [[nodiscard]] Pending<typename Operation::Value> start(const Operation& operation,
                                                         const CallOptions& options = {});
  template <typename Operation>
  [[nodiscard]] Pending<std::vector<Result<typename Operation::Value>>> start_many(
      std::span<const Operation> operations, const CallOptions& options = {});

  /// Asks every node for a sign of life; a node that fails is in the report, not an error. Without
  /// any node, and so not `ok()`, where there is no memory for a report.
  [[nodiscard]] PingReport ping(const CallOptions& options = {});
  /// The same, with each server's own figures.
  [[nodiscard]] StatsReport stats(const CallOptions& options = {});
  /// What this process' connections do, one for each node in the order of the configuration; empty
  /// where there are none, or no memory for it. For `prometheus`, so that a service can be scraped.
  /// Cost: no I/O that waits.
  [[nodiscard]] std::vector<ConnectionStats> connections();

  [[nodiscard]] const CacheMetrics& metrics() const noexcept { return metrics_; }

 protected:
  [[nodiscard]] Driver& driver() const noexcept { return *driver_; }

  /// Counts a look-up that only this backend offers, as `get` counts its own.
  template <typename T>
  void count_lookup(const Result<T>& outcome) noexcept {
    using Event = CacheMetrics::Event;
    metrics_.count(!outcome ? Event::error : *outcome ? Event::hit : Event::miss);
  }
  /// Counts a set, where it changed something or failed.
  void count_set(const Result<bool>& stored) noexcept {
    using Event = CacheMetrics::Event;
    if (!stored || *stored) metrics_.count(stored ? Event::set : Event::error);
  }

  /// The deadline of a call that was given `timeout`. Errors: `invalid_argument`.
  [[nodiscard]] Result<Deadline> deadline_for(
      const std::optional<std::chrono::milliseconds>& timeout) const {
    return deadline_for(timeout, Deadline::clock::now(), driver_->never_blocks());
  }

 private:
  using Timeout = std::optional<std::chrono::milliseconds>;
  using AnyAsyncBatch = operation::Any<detail::AsyncBatch>;
  template <typename Operation>
  class Gathering;

  [[nodiscard]] Result<Deadline> deadline_for(const Timeout& timeout,
                                              Deadline::clock::time_point start,
                                              bool never_blocks) const;
  void run_batch(const AnyBatch& batch, const CallOptions& options);
  void run_until_stopped(const AnyBatch& batch, const CallOptions& options);
  void begin(AnyAsyncCall& call, const Timeout& timeout);
  void begin_by(AnyAsyncCall& call, const Result<Deadline>& deadline,
                Deadline::clock::time_point started);
  void begin_many(AnyAsyncBatch& batch, const Result<Deadline>& deadline);
  template <typename Elements, typename Make>
  [[nodiscard]] auto start_made(const Elements& elements, const Make& make,
                                const CallOptions& options);
  template <typename Elements, typename Make>
  [[nodiscard]] auto run_made(const Elements& elements, const Make& make,
                              const CallOptions& options);
  [[nodiscard]] Result<std::uint64_t> remove_pages(std::string_view pattern,
                                                   const RemoveMatchingOptions& options);

  CacheMetrics metrics_;
  std::unique_ptr<Driver> driver_;  // What it has under way still counts when it is destroyed.
};

template <typename Operation>
Result<typename Operation::Value> CacheBackend::run(const Operation& operation,
                                                    const CallOptions& options) {
  Result<typename Operation::Value> outcome;
  run_batch(BatchOf<Operation>{{&operation, 1}, {&outcome, 1}}, options);
  return outcome;
}

template <typename Operation>
std::vector<Result<typename Operation::Value>> CacheBackend::run_many(
    std::span<const Operation> operations, const CallOptions& options) {
  std::vector<Result<typename Operation::Value>> outcomes(operations.size());
  run_batch(BatchOf<Operation>{operations, outcomes}, options);
  return outcomes;
}

template <typename Operation>
Pending<typename Operation::Value> CacheBackend::start(const Operation& operation,
                                                       const CallOptions& options) {
  AnyAsyncCall call(AsyncCall<Operation>{
      .operation = operation, .deadline = Deadline::after(forever), .stop = options.stop});
  begin(call, options.timeout);
  return std::move(std::get<AsyncCall<Operation>>(call).pending);
}

template <typename Operation>
Pending<std::vector<Result<typename Operation::Value>>> CacheBackend::start_many(
    std::span<const Operation> operations, const CallOptions& options) {
  AnyAsyncBatch batch(
      detail::AsyncBatch<Operation>{.operations = operations, .stop = options.stop});
  begin_many(batch, deadline_for(options.timeout));
  return std::move(std::get<detail::AsyncBatch<Operation>>(batch).pending);
}

}  // namespace cachekit
