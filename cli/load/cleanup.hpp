#pragma once

#include <cachekit/backend.hpp>
#include <cachekit/deadline.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit::cli {

/// Whether a write may have left something behind.
[[nodiscard]] inline bool may_have_stored(const Result<bool>& outcome) noexcept {
  return outcome || outcome.error().code == Errc::outcome_unknown;
}

/// Lets a run remove what it has put on servers also where it was interrupted, from when on they
/// get no more time, and where some of them do not answer: all that is left goes in few large steps
/// then, within a second or three. (Each step takes as long as the slowest server.)
class Cleanup {
 public:
  /// The next keys, at most so many; none at the end.
  using NextKeys = std::function<Result<std::vector<std::string>>(std::uint64_t most)>;

  /// Lifetime: of the backend, longer.
  Cleanup(CacheBackend& backend, std::function<bool()> interrupted)
      : backend_(backend), interrupted_(std::move(interrupted)) {}
  ~Cleanup();
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;

  /// Removes the keys, `count` at most; one that fails does not stop the rest: other servers have
  /// keys, too. `unfinished`: how to say what is left of how many, "with {} of {} keys to go".
  /// Errors: of the first step that failed; why it had to end before; those of `next`.
  [[nodiscard]] Result<void> remove_all(std::uint64_t count, std::string_view unfinished,
                                        const NextKeys& next);

 private:
  void look_at_servers();
  void look_for_interrupt();
  void hurry();
  [[nodiscard]] std::chrono::milliseconds longest_hurry() const noexcept;
  [[nodiscard]] std::chrono::milliseconds time_left() const;
  [[nodiscard]] bool is_over() const;
  [[nodiscard]] Error why_over() const;
  [[nodiscard]] std::uint64_t keys_at_once(std::uint64_t left) const noexcept;
  [[nodiscard]] std::chrono::milliseconds budget() const;
  void remove(std::span<const std::string> keys);

  CacheBackend& backend_;
  std::function<bool()> interrupted_;
  std::optional<Deadline::clock::time_point> hurried_{};  // Since when.
  bool uncut_ = false;                                    // Servers were given time again.
  std::optional<Error> error_{};                          // The first.
};

}  // namespace cachekit::cli
