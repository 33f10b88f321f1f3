#pragma once

#include "expander/expander_state.hpp"

#include <cachekit/error.hpp>
#include <cachekit/runtime.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace cachekit {

/// How long one call may still wait for the cache (`ExpanderOptions::cache_timeout`): whatever it
/// asks, and for whose turn it waits, takes from that. Threads: one at a time.
class CacheBudget {
 public:
  /// Of an operation; empty for the backend's own.
  using Timeout = std::optional<std::chrono::milliseconds>;

  explicit CacheBudget(ExpanderState& state) noexcept
      : state_(state), left_(state.options.cache_timeout) {}

  void renew() noexcept { left_ = state_.options.cache_timeout; }

  /// A cache in the process waits for nobody.
  [[nodiscard]] bool is_spent() const noexcept {
    return !state_.in_process && left_ <= std::chrono::nanoseconds::zero();
  }
  [[nodiscard]] Error why_spent() const;

  /// `call(Timeout)`. Requires: it is not spent.
  template <typename Call>
  auto spend(const Call& call) {
    if (state_.in_process) return call(Timeout());
    const Runtime& runtime = *state_.options.runtime;
    const auto start = runtime.now();
    auto outcome = call(Timeout(std::chrono::ceil<std::chrono::milliseconds>(left_)));
    left_ -= runtime.now() - start;
    return outcome;
  }

  /// This process's turn to write a key; none where it was not to be had in time, which counts as
  /// an error.
  [[nodiscard]] KeyLocks::Held lock(std::string_view key);
  [[nodiscard]] Error why_no_turn(std::string_view key) const;

 private:
  ExpanderState& state_;
  std::chrono::nanoseconds left_;
};

}  // namespace cachekit
