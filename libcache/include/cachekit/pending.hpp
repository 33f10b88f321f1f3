#pragma once

#include <cachekit/error.hpp>
#include <cachekit/export.hpp>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace cachekit {
namespace detail {

/// What runs when a request is done.
class CACHEKIT_API Continuation {
 public:
  virtual ~Continuation() = default;
  virtual void run() noexcept = 0;
  /// Whether it belongs to the library: it is short and waits for nobody, and what users wait for
  /// may wait for it.
  [[nodiscard]] virtual bool is_step() const noexcept { return false; }

  std::unique_ptr<Continuation> next{};  ///< Of a line in which it waits for that.
};

/// What a `Pending` shares with those who complete it.
class CACHEKIT_API PendingBase {
 public:
  PendingBase() = default;
  virtual ~PendingBase() = default;
  PendingBase(const PendingBase&) = delete;
  PendingBase& operator=(const PendingBase&) = delete;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  [[nodiscard]] virtual bool ready() const noexcept = 0;
  /// Returns once ready; the calling thread does the work meanwhile.
  virtual void wait() = 0;
  virtual void cancel() = 0;
  /// Nobody will wait any more. True: `next` is kept (or is null); it runs when ready. False: ready
  /// already, `next` is given back.
  [[nodiscard]] virtual bool leave(std::unique_ptr<Continuation>& next) = 0;

 private:
  std::atomic<std::uint32_t> references_{1};
};

template <typename T>
class PendingState : public PendingBase {
 public:
  Result<T> value{};  ///< Requires: ready.
};

/// One that was ready from the start.
template <typename T>
class ReadyState final : public PendingState<T> {
 public:
  explicit ReadyState(Result<T> outcome) { this->value = std::move(outcome); }
  [[nodiscard]] bool ready() const noexcept override { return true; }
  void wait() override {}
  void cancel() override {}
  [[nodiscard]] bool leave(std::unique_ptr<Continuation>&) override { return false; }
};

}  // namespace detail

/// A request that is under way. Its result is taken once, in one of four ways: `get()`, `then(f)`,
/// `co_await`, or `ignore()`. One that is dropped goes on as if ignored.
///
/// The budget of the request runs from its start. A backend that is destroyed settles all
/// that is under way: as `outcome_unknown` what changes something and may have been sent, as
/// `cancelled` the rest; `get` must not be running then, all else may. A callback of `then` or a
/// coroutine may be what destroys it.
///
/// Threads: one at a time. Cost: one allocation for the request, beside those of the result.
template <typename T>
class [[nodiscard]] Pending {
 public:
  /// Holds nothing; assign one that does.
  Pending() noexcept = default;
  explicit Pending(detail::PendingState<T>* state) noexcept : state_(state) {}
  Pending(Pending&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)),
        out_of_memory_(std::exchange(other.out_of_memory_, std::nullopt)) {}
  Pending& operator=(Pending&& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(out_of_memory_, other.out_of_memory_);
    return *this;
  }
  /// One whose result is that error, for there is not even the memory to say so otherwise:
  /// `outcome_unknown` for what may have been done.
  [[nodiscard]] static Pending out_of_memory(Errc code = Errc::overloaded) noexcept {
    Pending one;
    one.out_of_memory_ = code;
    return one;
  }
  ~Pending() {
    if (state_ != nullptr) ignore();
  }

  /// Whether it holds a request whose result was not taken yet.
  [[nodiscard]] bool valid() const noexcept {
    return state_ != nullptr || out_of_memory_.has_value();
  }
  /// Whether `get` would return at once.
  [[nodiscard]] bool ready() const noexcept {
    return state_ != nullptr ? state_->ready() : out_of_memory_.has_value();
  }

  /// Waits for the result, and does the work of the connection meanwhile.
  /// Errors: those of the request; `invalid_argument` where nothing is held.
  [[nodiscard]] Result<T> get() {
    if (state_ == nullptr) return nothing();
    state_->wait();
    return take();
  }

  /// Calls `f(Result<T>)` once: on the node's callback thread, or at once where the result is there
  /// already. `f` must not throw; other callbacks of the node wait while it runs. (Where there is
  /// no memory to keep `f`, it waits, and calls `f` itself.)
  template <typename F>
  void then(F f) {
    static_assert(std::is_invocable_v<F, Result<T>>, "then() wants a callable with a Result<T>");
    if (state_ == nullptr) return f(nothing());
    if (!keep<Call<F>>(f)) f(get());
  }

  /// For drivers, of which a request takes several: `f` waits for no callback of a user. It must be
  /// short and wait for nothing. Where there is no memory to keep `f`, it is false at once, and the
  /// result can still be taken.
  template <typename F>
  [[nodiscard]] bool try_step(F f) noexcept {
    if (state_ != nullptr) return keep<Step<F>>(f);
    f(nothing());
    return true;
  }

  /// Says that the result is of no interest. The request goes on.
  void ignore() noexcept {
    std::unique_ptr<detail::Continuation> none;
    detail::PendingState<T>* const state = std::exchange(state_, nullptr);
    if (state == nullptr) return;
    static_cast<void>(state->leave(none));
    state->release();
  }

  /// Asks for an early end: `cancelled`, or `outcome_unknown` for a write that was sent already.
  /// The result still has to be taken; a reply that is there already wins.
  void cancel() {
    if (state_ != nullptr) state_->cancel();
  }

  /// `Result<T> result = co_await std::move(pending);` resumes where `then` would call.
  [[nodiscard]] auto operator co_await() && noexcept { return Awaiter{std::move(*this)}; }

 private:
  template <typename F>
  class Call : public detail::Continuation {
   public:
    Call(detail::PendingState<T>* state, F f) : state_(state), f_(std::move(f)) {
      state_->retain();
    }
    ~Call() override { state_->release(); }
    void run() noexcept override { f_(std::move(state_->value)); }

   private:
    detail::PendingState<T>* state_;
    F f_;
  };

  template <typename F>
  class Step final : public Call<F> {
   public:
    using Call<F>::Call;
    [[nodiscard]] bool is_step() const noexcept override { return true; }
  };

  class Resume final : public detail::Continuation {
   public:
    explicit Resume(std::coroutine_handle<> handle) noexcept : handle_(handle) {}
    void run() noexcept override { handle_.resume(); }

   private:
    std::coroutine_handle<> handle_;
  };

  struct Awaiter {
    Pending pending;

    [[nodiscard]] bool await_ready() const noexcept { return !pending.valid() || pending.ready(); }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> handle) {
      // Once it is left, the coroutine may go on elsewhere and be gone with this awaiter.
      detail::PendingState<T>* const state = pending.state_;
      std::unique_ptr<detail::Continuation> next;
      try {
        next = std::make_unique<Resume>(handle);
      } catch (const std::bad_alloc&) {  // It waits instead.
        state->wait();
        return false;
      }
      state->retain();
      const bool left = state->leave(next);
      state->release();
      return left;
    }
    [[nodiscard]] Result<T> await_resume() {
      return pending.state_ != nullptr ? pending.take() : pending.nothing();
    }
  };

  // Has `f` run once there is a result; false, and `f` is as it was, where there is no memory for
  // it.
  template <typename Kept, typename F>
  [[nodiscard]] bool keep(F& f) {
    std::unique_ptr<detail::Continuation> next;
    try {
      next = std::make_unique<Kept>(state_, std::move(f));
    } catch (const std::bad_alloc&) {
      return false;
    }
    detail::PendingState<T>* const state = std::exchange(state_, nullptr);
    if (!state->leave(next)) next->run();
    state->release();
    return true;
  }
  [[nodiscard]] Result<T> nothing() {
    if (const std::optional<Errc> code = std::exchange(out_of_memory_, std::nullopt)) {
      return fail(*code, "out of memory");  // Short enough to need none.
    }
    return fail(Errc::invalid_argument, "the result of this request was taken already");
  }
  [[nodiscard]] Result<T> take() {
    detail::PendingState<T>* const state = std::exchange(state_, nullptr);
    Result<T> result = std::move(state->value);
    state->release();
    return result;
  }

  detail::PendingState<T>* state_ = nullptr;
  std::optional<Errc> out_of_memory_{};
};

/// One whose result is known.
template <typename T>
[[nodiscard]] Pending<T> ready_pending(Result<T> result) {
  return Pending<T>(new detail::ReadyState<T>(std::move(result)));
}

}  // namespace cachekit
