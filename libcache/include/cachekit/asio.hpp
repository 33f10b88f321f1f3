#pragma once

#include <cachekit/error.hpp>
#include <cachekit/executor.hpp>
#include <cachekit/pending.hpp>

#include <utility>

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

/// Asio's completion tokens for requests that are under way (Asio without Boost, from 1.22 on). For
/// programs that use Asio; nothing else includes this header.

namespace cachekit {

/// Completes with the result of a request, as Asio's own operations do:
///
///     Result<std::optional<std::string>> value =
///         co_await cachekit::async_take(cache.async_get("k"), asio::use_awaitable);
///
/// The handler, of signature `void(Result<T>)`, is posted to its associated executor, which counts
/// it as outstanding work until then. Without an executor of its own it runs on Asio's system
/// executor. Lifetime: the execution context outlives the backend.
/// Errors: those of the request, in the result. Throws `std::bad_alloc`, and the request goes on.
/// Limits: a cancellation slot is not looked at; give the call a stop token.
template <typename T, typename Token>
auto async_take(Pending<T> pending, Token&& token) {
  const auto initiate = [](auto handler, Pending<T> request) {
    const auto post_to = [work = asio::make_work_guard(handler)](auto job) {
      asio::post(work.get_executor(), std::move(job));
    };
    on(post_to, std::move(request)).then(std::move(handler));
  };
  return asio::async_initiate<Token, void(Result<T>)>(initiate, token, std::move(pending));
}

}  // namespace cachekit
