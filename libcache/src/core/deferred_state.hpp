#pragma once

#include "core/continuations.hpp"
#include "core/fork.hpp"

#include <cachekit/error.hpp>
#include <cachekit/pending.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace cachekit {

/// A call behind a `Pending` that takes several requests, one after another or side by side, whose
/// callbacks bring it about.
///
/// Lifetime: it keeps itself until it is settled, which is before the backend ends. Threads: a
/// caller may wait, leave or cancel while it is settled.
template <typename T>
class DeferredState : public detail::PendingState<T> {
 public:
  using Report = std::function<void(const Result<T>&)>;

  explicit DeferredState(Report report) : report_(std::move(report)) {}

  [[nodiscard]] bool ready() const noexcept override { return stage_ == Stage::settled; }
  void wait() override {
    settle_inherited();
    stage_.wait(Stage::under_way);
  }
  void cancel() override { stop_.request_stop(); }
  [[nodiscard]] bool leave(std::unique_ptr<detail::Continuation>& next) override {
    settle_inherited();
    if (ready()) return false;
    next_ = std::move(next);
    Stage watched = Stage::under_way;
    if (stage_.compare_exchange_strong(watched, Stage::left)) return true;
    next = std::move(next_);
    return false;
  }

 protected:
  /// Requires: once, before any request of it. `stop` withdraws it.
  void begin(std::stop_token stop) {
    if (stop.stop_possible()) stop_of_caller_.emplace(std::move(stop), Stop{stop_});
    this->retain();  // Until it is settled.
  }
  /// Of those of its requests that may be withdrawn.
  [[nodiscard]] std::stop_token stop_token() const noexcept { return stop_.get_token(); }
  /// Requires: once, after `begin`. It may be gone then.
  void settle(Result<T> outcome) noexcept {
    stop_of_caller_.reset();
    if (!ready()) tell(std::move(outcome));
    this->release();
  }
  /// Tells the caller how it has ended, though requests of it go on. Requires: `begin`, and before
  /// or instead of the telling by `settle`, which is not running.
  void settle_early(Result<T> outcome) noexcept {
    if (!ready()) tell(std::move(outcome));
  }

 private:
  enum class Stage : std::uint8_t { under_way, left, settled };
  struct Stop {
    std::stop_source source;
    void operator()() noexcept { source.request_stop(); }
  };

  void tell(Result<T> outcome) noexcept {
    this->value = std::move(outcome);
    report_(this->value);
    const Stage before = stage_.exchange(Stage::settled);
    stage_.notify_all();
    if (before == Stage::left && next_) core::go_on_with(std::move(next_));
  }
  // The threads that would settle it are the parent's.
  void settle_inherited() noexcept {
    if (generation_ == core::fork_generation() || ready()) return;
    this->value = fail(core::inherited_request());
    stage_ = Stage::settled;
  }

  const Report report_;
  const std::uint32_t generation_ = core::fork_generation();  // Of the process that started it.
  std::stop_source stop_;
  std::optional<std::stop_callback<Stop>> stop_of_caller_;
  std::unique_ptr<detail::Continuation> next_;
  std::atomic<Stage> stage_{Stage::under_way};
};

}  // namespace cachekit
