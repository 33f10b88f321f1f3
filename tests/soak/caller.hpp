#pragma once

#include "faults.hpp"
#include "options.hpp"
#include "processor_waits.hpp"
#include "support/allocations.hpp"
#include "tally.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/pending.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace cachekit::soak {

/// A value for an error message, not all of a long one.
[[nodiscard]] std::string shown(const std::optional<std::string>& value);
/// "; the writes since then: ...", or nothing.
[[nodiscard]] std::string shown_failures(const std::string& codes);

/// One thread's calls. It has keys that no other thread writes, so it knows what each must hold and
/// checks every answer; and it reads and writes keys that all share, whose values name their key.
///
/// A write whose outcome is unknown may be done at any time later: its key is looked at once more
/// and then left for a new one. A write that failed otherwise was not done, and that is checked.
class Caller {
 public:
  Caller(unsigned number, const Options& options, CacheBackend& cache, const Epoch& epoch,
         Tally& tally);

  ~Caller() { check_landings(); }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  /// One call, or a few together, chosen at random, and the checks. False when one failed.
  bool step();
  /// From now on every call has this much time.
  void be_patient(std::chrono::milliseconds budget) { patience_ = budget; }

  /// What the last call that failed said.
  [[nodiscard]] const std::string& last_error() const noexcept { return last_error_; }

  /// When the call that is under way began; the epoch of the clock while there is none.
  [[nodiscard]] clock::time_point busy_since() const noexcept { return busy_since_.load(); }
  [[nodiscard]] const char* busy_with() const noexcept { return busy_with_.load(); }

 private:
  static constexpr std::size_t large_value = 100'000;

  /// A key of this thread's own and what it holds: a value, nothing, or a count.
  struct Slot {
    std::string key{};
    std::optional<std::string> value{};
    std::uint64_t epoch = 0;  ///< Of the server that was told.
    bool counts = false;
    std::string failures{};  ///< The codes of the writes that were not done since one was.
  };

  /// Runs one call and measures it. Now and then it is refused an allocation.
  template <typename Work>
  auto call(const char* operation, const Work& work) {
    const std::chrono::milliseconds budget = any_budget();
    ++tally_.begun;
    const auto waited = waited_for_processor();
    const auto begun = clock::now();
    busy_with_ = operation;
    busy_since_ = begun;
    auto outcome = attempt<decltype(work(budget))>(operation, [&] { return work(budget); });
    busy_since_ = clock::time_point{};
    ++tally_.completed;
    note_duration(operation, {begun, clock::now()}, budget, waited);
    return outcome;
  }
  /// What `work` gives. It must not throw, not even where it is refused an allocation.
  template <typename Outcome, typename Work>
  Outcome attempt(const char* operation, const Work& work) {
    std::optional<Outcome> outcome;
    const bool short_of_memory = !patience_ && any(200) == 0;
    const std::size_t number = 1 + any(12);
    try {
      std::optional<test::FailingAllocation> failure;
      if (short_of_memory) failure.emplace(test::Scope::thread, number);
      outcome.emplace(work());
      if (failure && failure->happened()) ++tally_.refused_allocations;
    } catch (const std::exception&) {
    }
    if (outcome) return *std::move(outcome);
    tally_.violation(std::string(operation) + " threw an exception");
    if constexpr (std::is_constructible_v<Outcome, tl::unexpected<Error>>) {
      return Outcome(fail(Errc::outcome_unknown, "an exception"));
    } else {
      return Outcome();
    }
  }
  struct Span {
    clock::time_point begun;
    clock::time_point ended;
  };
  /// `waited_before`: how long this thread had waited for a processor when the call began.
  void note_duration(const char* operation, Span span, std::chrono::milliseconds budget,
                     clock::duration waited_before);
  /// Whether a write of `slot` was done; where that is unknown, it should now hold `intended` or
  /// what it held.
  template <typename T>
  bool settled(const Result<T>& outcome, Slot& slot, const std::optional<std::string>& intended) {
    if (!outcome) return write_failed(outcome.error(), slot, intended);
    ++tally_.succeeded;
    slot.failures.clear();
    return true;
  }
  bool write_failed(const Error& error, Slot& slot, const std::optional<std::string>& intended);

  bool get(Slot& slot);
  bool get_several();
  bool set(Slot& slot);
  bool add(Slot& slot);
  bool remove(Slot& slot);
  bool exists(Slot& slot);
  bool increment(Slot& slot);
  bool incremented(const Result<std::int64_t>& outcome, Slot& slot, std::uint64_t epoch);
  bool get_together();
  bool set_together();
  bool increment_together();
  bool get_shared();
  bool set_shared();

  /// A write of the key whose writes are numbered.
  struct Ordered {
    std::uint64_t number = 0;
    Pending<bool> pending{};
    Result<bool> outcome{};
  };
  bool write_in_order();
  Ordered write_next(std::chrono::milliseconds budget);
  void check_order(const std::vector<Ordered>& writes, std::uint64_t last_done,
                   std::uint64_t epoch);
  void begin_order();

  /// Asynchronous calls that are under way together; gives their results, in order.
  template <typename T, typename Submit>
  std::vector<Result<T>> together(const char* operation, std::size_t amount, const Submit& submit);
  void check_landings();

  void check(Slot& slot, const std::optional<std::string>& seen, const char* how);
  void check_shared(const std::string& key, const std::optional<std::string>& seen);
  void look_once_more(Slot& slot, const std::optional<std::string>& intended);
  void retire(Slot& slot);
  [[nodiscard]] bool exact(const Slot& slot) const;
  void count(const std::optional<std::string>& seen);
  bool failed(const Error& error);

  [[nodiscard]] std::uint64_t any(std::uint64_t below) { return random_() % below; }
  [[nodiscard]] std::chrono::milliseconds any_budget();
  [[nodiscard]] std::string new_value(const std::string& key);

  const unsigned number_;
  const Options& options_;
  CacheBackend& cache_;
  const Epoch& epoch_;
  Tally& tally_;
  std::mt19937_64 random_;
  std::optional<std::chrono::milliseconds> patience_{};
  std::vector<Slot> slots_;
  std::vector<Slot> counters_;
  std::vector<std::shared_ptr<const std::atomic<int>>> landings_{};  ///< How often each came.
  std::string last_error_{};
  std::uint64_t serial_ = 0;
  std::string ordered_key_{};
  std::uint64_t ordered_number_ = 0;
  std::atomic<const char*> busy_with_{""};
  std::atomic<clock::time_point> busy_since_{clock::time_point{}};
};

}  // namespace cachekit::soak
