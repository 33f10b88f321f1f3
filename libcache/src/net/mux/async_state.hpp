#pragma once

#include "core/out_of_memory.hpp"
#include "net/mux/async_request.hpp"
#include "net/mux/io_thread.hpp"
#include "net/mux/visits.hpp"

#include <cachekit/operation.hpp>
#include <cachekit/pending.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace cachekit::net {

/// A base of calls that own what they refer to: it has to exist before the request that does.
struct OwnedBytes {
  std::string bytes{};

  /// The operation with copies of all that it refers to. Requires: once.
  template <typename Operation>
  [[nodiscard]] Operation own(const Operation& of_caller) {
    bytes.reserve(operation::bytes_of(of_caller));
    return operation::copied_into(bytes, of_caller);
  }
  /// Gives the memory back. Requires: nothing refers to it any more.
  void release_bytes() noexcept { std::string().swap(bytes); }
};

/// An asynchronous request of a protocol, behind the `Pending` that a caller holds.
///
/// `Call` is a `Request` that owns all it refers to, with `Result<T> take(const Result<void>&)`,
/// which makes the result of the outcome, and `release_bytes()`; each runs once, in this order. One
/// that `stays_once_sent` has `withdrawn()`, which runs while it is under way, when its caller has
/// asked for its end.
template <typename T, typename Call>
class AsyncState final : public detail::PendingState<T>, public AsyncRequest {
 public:
  using Report = std::function<void(const Result<T>&)>;

  /// `report` is told the result, for the metrics; the rest makes the call.
  template <typename... Arguments>
  AsyncState(Deadline deadline, Report report, Arguments&&... arguments)
      : AsyncRequest(call_, deadline),
        call_(std::forward<Arguments>(arguments)...),
        report_(std::move(report)) {}

  /// Requires: not handed to a channel yet.
  void stop_with(std::stop_token token) {
    if (token.stop_possible()) stop_.emplace(std::move(token), Cancel{this});
  }

  [[nodiscard]] const Call& call() const noexcept { return call_; }
  [[nodiscard]] bool ready() const noexcept override { return settled(); }
  void wait() override { AsyncRequest::wait(); }
  void cancel() override {
    if (!visits_.enter()) return;
    withdraw();
    visits_.leave();
  }
  [[nodiscard]] bool leave(std::unique_ptr<detail::Continuation>& next) override {
    if (!settled() && inherited()) wait();  // Which settles it.
    if (settled()) return false;
    next_ = std::move(next);
    if (visits_.enter()) {
      io_thread().count_background(1);
      stage_ = Stage::in_background;
      visits_.leave();
      return true;
    }
    Stage watched = Stage::watched;
    if (stage_.compare_exchange_strong(watched, Stage::left)) return true;
    next = std::move(next_);
    return false;
  }

 private:
  enum class Stage : std::uint8_t {
    watched,
    in_background,  ///< Nobody waits any more, which the I/O thread knows.
    left,           ///< The same, when it was being settled already.
    announced,
  };
  struct Cancel {
    AsyncState* state;
    void operator()() const { state->withdraw(); }
  };

  // It is not settled before this has returned, unless in here.
  void withdraw() noexcept {
    const bool stays = !AsyncRequest::cancel();
    if constexpr (requires { call_.withdrawn(); }) {
      if (stays) io_thread().divert([this] { call_.withdrawn(); });
    }
  }

  void hold() noexcept override { this->retain(); }
  void release_self() noexcept override { this->release(); }
  // While a stop or a visit is under way the I/O thread has to stay: who settles the request waits.
  void conclude() noexcept override {
    stop_.reset();
    if (!inherited()) visits_.close();
    try {
      this->value = call_.take(outcome());
    } catch (const std::exception&) {  // No memory for the result of what may have been done.
      this->value =
          fail(out_of_memory(call_.idempotent() ? Errc::overloaded : Errc::outcome_unknown));
    }
    call_.release_bytes();  // Its caller may keep the result for long.
    report_(this->value);
  }
  void announce() noexcept override {
    const Stage before = stage_.exchange(Stage::announced);
    if (before == Stage::watched) return;
    if (before == Stage::in_background) io_thread().count_background(-1);
    if (next_) io_thread().post(std::move(next_));
  }

  Call call_;
  Report report_;
  Visits visits_;
  std::atomic<Stage> stage_{Stage::watched};
  std::unique_ptr<detail::Continuation> next_;
  std::optional<std::stop_callback<Cancel>> stop_;
};

}  // namespace cachekit::net
