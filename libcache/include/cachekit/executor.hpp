#pragma once

#include <cachekit/error.hpp>
#include <cachekit/pending.hpp>

#include <concepts>
#include <coroutine>
#include <memory>
#include <type_traits>
#include <utility>

/// To go on elsewhere than on a node's callback thread when a result is there:
///
///     auto on_pool = [&pool](auto work) { pool.submit(std::move(work)); };
///     Result<std::optional<std::string>> value = co_await on(on_pool, cache.async_get("k"));
///     on(on_pool, cache.async_get("k")).then([](Result<std::optional<std::string>> value) { ...
///     });

namespace cachekit {

/// Runs work on threads of the user's: called with something callable without arguments, which can
/// be copied, and is to be called once. It is called on the node's callback thread, or at once
/// where the result is there already, and must not wait there.
///
/// Lifetime: what it refers to outlives the backend: the work may have run, and whoever waited for
/// it gone on, before the call of the executor has returned.
///
/// Errors: one that throws must not have kept the work, which is done at once then, on the thread
/// that has the result.
template <typename E>
concept Executor = std::copy_constructible<E> && std::invocable<E&, std::coroutine_handle<>>;

namespace detail {

template <typename E, typename Work>
void run_on(E& executor, const Work& work) noexcept {
  try {
    executor(work);
  } catch (...) {
    work();
  }
}

}  // namespace detail

/// A request that is under way, and where to go on with its result. Taken once, as a `Pending`.
/// Threads: one at a time.
template <typename T, Executor E>
class [[nodiscard]] PendingOn {
 public:
  PendingOn(E executor, Pending<T> pending) noexcept(std::is_nothrow_move_constructible_v<E>)
      : executor_(std::move(executor)), pending_(std::move(pending)) {}

  /// Has the executor call `f(Result<T>)`, once, also where the result is there already. `f` must
  /// not throw; it may wait as long as the executor's threads may.
  /// Errors: throws `std::bad_alloc`, or what copying the executor throws, and the result can still
  /// be taken. (Where there is memory for `f`, but none to wait for the result elsewhere, this
  /// thread waits for it, and calls the executor.)
  template <typename F>
  void then(F f) {
    static_assert(std::is_invocable_v<F&, Result<T>>, "then() wants a callable with a Result<T>");
    auto call = std::make_shared<Call<F>>(executor_, std::move(f));
    pending_.then([call = std::move(call)](Result<T> result) {
      call->result = std::move(result);
      detail::run_on(call->executor, [call] { call->f(std::move(call->result)); });
    });
  }

  /// `Result<T> result = co_await on(executor, std::move(pending));` always goes on where the
  /// executor takes it. Where there is no memory to wait elsewhere, this thread waits for the
  /// result, and calls the executor.
  /// Errors: throws what copying the executor throws; the request goes on as if ignored.
  [[nodiscard]] auto operator co_await() && {
    return Awaiter{std::move(executor_), std::move(pending_), {}};
  }

 private:
  template <typename F>
  struct Call {
    Call(const E& of, F what) : executor(of), f(std::move(what)) {}

    E executor;
    F f;
    Result<T> result{};
  };

  struct Awaiter {
    E executor;
    Pending<T> pending;
    Result<T> result;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    // The coroutine may go on, and this awaiter be gone, before the calls in it have returned.
    void await_suspend(std::coroutine_handle<> handle) {
      Pending<T> mine = std::move(pending);
      mine.then([this, handle, its = executor](Result<T> taken) mutable {
        result = std::move(taken);
        detail::run_on(its, handle);
      });
    }
    [[nodiscard]] Result<T> await_resume() { return std::move(result); }
  };

  E executor_;
  Pending<T> pending_;
};

/// Has what waits for a request go on where `executor` runs it.
template <Executor E, typename T>
[[nodiscard]] PendingOn<T, E> on(E executor, Pending<T> pending) {
  return PendingOn<T, E>(std::move(executor), std::move(pending));
}

}  // namespace cachekit
