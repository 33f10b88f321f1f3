#pragma once

#include <cachekit/backend.hpp>
#include <cachekit/deadline.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

namespace cachekit::cli {

/// Lets a run remove what it has put on servers also where it was interrupted, from when on they
/// get no more time, and where some of them do not answer: all that is left goes in few large steps
/// then, within a second or three. (Each step takes as long as the slowest server.)
class Cleanup {
 public:
  /// Does no harm when it is done twice.
  using Step = std::function<Result<void>(std::chrono::milliseconds budget)>;

  explicit Cleanup(std::function<bool()> interrupted) : interrupted_(std::move(interrupted)) {}
  ~Cleanup();
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;

  /// Makes haste where a server does not answer.
  void look_at(CacheBackend& backend);
  /// Whether a run in a hurry has had its time: what is left stays.
  [[nodiscard]] bool is_over() const;

  /// How many keys the next step should remove, of those that are left.
  [[nodiscard]] std::uint64_t keys_at_once(std::uint64_t usual, std::uint64_t left) const noexcept;

  /// Runs a step, with `budget` unless it is in a hurry. One that failed does not stop the next:
  /// other servers have keys, too.
  void run(const Step& step, std::chrono::milliseconds budget);

  /// Where everything was tried. Errors: of the first step that failed.
  [[nodiscard]] Result<void> outcome() const;
  /// Where it was over before: why.
  [[nodiscard]] Error why_over() const;

 private:
  void hurry();
  [[nodiscard]] std::chrono::milliseconds longest_hurry() const noexcept;
  [[nodiscard]] std::chrono::milliseconds time_left() const;
  void look_for_interrupt();

  std::function<bool()> interrupted_;
  std::optional<Deadline::clock::time_point> hurried_{};  // Since when.
  bool uncut_ = false;                                    // Servers were given time again.
  std::optional<Error> error_{};                          // The first.
};

}  // namespace cachekit::cli
