#pragma once

#include <cachekit/capabilities.hpp>
#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>
#include <cachekit/export.hpp>
#include <cachekit/metrics.hpp>
#include <cachekit/operation.hpp>
#include <cachekit/pending.hpp>
#include <cachekit/report.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cachekit {

/// Operations of one kind, and where the outcome of each goes.
template <typename Operation>
struct BatchOf {
  using Outcome = Result<typename Operation::Value>;

  std::span<const Operation> operations;
  std::span<Outcome> outcomes;  ///< One for each operation, at its position.
};
using AnyBatch = operation::Any<BatchOf>;

/// Answers a batch by one call of `answer(operation)` after the other, which gives a `Result` of
/// the operation's value, or `fail(...)`.
template <typename Answer>
void run_each(const AnyBatch& batch, const Answer& answer) {
  std::visit(
      [&](const auto& one) {
        for (std::size_t i = 0; i < one.operations.size(); ++i) {
          one.outcomes[i] = answer(one.operations[i]);
        }
      },
      batch);
}

/// The same error for each operation of a batch.
template <typename Operation>
void fail_each(const BatchOf<Operation>& batch, const Error& error) {
  for (auto& outcome : batch.outcomes) outcome = fail(Error(error));
}
inline void fail_each(const AnyBatch& batch, const Error& error) {
  std::visit([&](const auto& one) { fail_each(one, error); }, batch);
}

/// What is said of an operation for which there was no memory while it may have been under way.
template <typename Operation>
inline constexpr Errc in_doubt = changes(Operation::effect) ? Errc::outcome_unknown
                                                            : Errc::overloaded;

/// One operation whose caller does not wait: what comes with it, and what is given back.
template <typename Operation>
struct AsyncCall {
  using Value = typename Operation::Value;

  Operation operation;  ///< Lifetime: its views are good only until `start` has returned.
  Deadline deadline;
  std::stop_token stop{};  ///< Withdraws it.
  /// Is told the result, once, whoever has it. Must be called before the result can be taken.
  std::function<void(const Result<Value>&)> report{};

  Pending<Value> pending{};  ///< What the caller gets.

  /// For one that is done already.
  void done(Result<Value> result) noexcept {
    try {
      auto* const state = new detail::ReadyState<Value>(std::move(result));
      pending = Pending<Value>(state);
      report(state->value);
    } catch (const std::bad_alloc&) {
      const Errc code = result ? in_doubt<Operation> : result.error().code;
      pending = Pending<Value>::out_of_memory(code);
      report(fail(code, "out of memory"));
    }
  }
};
using AnyAsyncCall = operation::Any<AsyncCall>;

/// What a backend is to the rest of cachekit: it carries out operations. `CacheBackend`, which owns
/// it, checks arguments, sets budgets, counts and times; so a driver sees only keys that passed
/// `check_key`, values that passed `check_value` (or operations that `discard`), valid TTLs and
/// batches that are not empty.
///
/// Five functions have to be written, and `clear` where everything can be removed;
/// docs/writing-a-backend.md shows how.
///
/// Threads: all members may be called from any thread at once.
/// Errors: a `std::bad_alloc` or `std::length_error` that leaves a call becomes an `overloaded`, or
/// an `outcome_unknown` of what changes something. Nothing else may be thrown.
class CACHEKIT_API Driver {
 public:
  Driver() = default;
  virtual ~Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// One lower-case word: "redis".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  [[nodiscard]] virtual Tier tier() const noexcept = 0;
  [[nodiscard]] virtual Capabilities capabilities() const = 0;
  /// Where it stands, for people; never with a secret.
  [[nodiscard]] virtual std::string target() const = 0;
  /// Carries out one operation or many and puts every outcome in its place, by the deadline; those
  /// of one key in their order. Of a value that comes out too large no older one is left, which
  /// would look current (`remove_outgrown` in driver_tools.hpp, where the server keeps it).
  /// Errors: `unsupported` for operations that it does not know, and otherwise as `Errc` tells.
  virtual void run(const AnyBatch& batch, Deadline deadline) = 0;

  /// Sets one operation going, and gives its `Pending`. Unless a driver knows better, it is done
  /// when this returns. Errors: may throw as `run` does, and then nothing is under way.
  virtual void start(AnyAsyncCall& call);

  /// The budget of a call that is given none.
  [[nodiscard]] virtual std::chrono::milliseconds default_timeout() const noexcept;
  /// Whether calls end at once and wait for nobody, at this moment: then budgets are checked and
  /// not measured, and of the latencies a sample is.
  [[nodiscard]] virtual bool never_blocks() const noexcept { return false; }
  /// Errors: `invalid_argument`. Unless a driver knows better: what is empty, longer than
  /// `max_key_bytes`, or holds bytes that `binary_keys` says it must not.
  [[nodiscard]] virtual Result<void> check_key(std::string_view key) const;
  /// Errors: `too_large`, for what need not even be tried. Unless a driver knows better: what is
  /// longer than `max_value_bytes`.
  [[nodiscard]] virtual Result<void> check_value(std::string_view value) const;
  /// Checks the configuration, and reaches whatever holds the data.
  [[nodiscard]] virtual Result<void> connect() { return {}; }
  /// Makes durable what is not yet.
  [[nodiscard]] virtual Result<void> flush() { return {}; }
  /// Removes everything. Unless a driver knows better: `unsupported`.
  [[nodiscard]] virtual Result<void> clear(Deadline deadline);
  /// Asks every node for a sign of life. Unless a driver knows better: whether `connect` works.
  [[nodiscard]] virtual PingReport ping(Deadline deadline);
  /// Every node's figures. Unless a driver knows better: none but where it stands.
  [[nodiscard]] virtual StatsReport stats(Deadline deadline);
  /// What its connections do. No I/O that waits.
  [[nodiscard]] virtual std::vector<ConnectionStats> connections() { return {}; }

 protected:
  /// What the calls of the backend have counted. Requires: it belongs to a backend.
  [[nodiscard]] const CacheMetrics& metrics() const noexcept { return *metrics_; }

 private:
  friend class CacheBackend;
  template <typename Operation>
  [[nodiscard]] Result<typename Operation::Value> run_at_once(
      const AsyncCall<Operation>& call) noexcept;

  const CacheMetrics* metrics_ = nullptr;
};

}  // namespace cachekit
