#pragma once

#include "core/internal.hpp"
#include "core/mutex.hpp"

#include <cachekit/pending.hpp>

#include <memory>
#include <utility>

namespace cachekit::core {

/// Continuations in the order in which they came; adding one needs no memory. Threads: one at a
/// time.
class CACHEKIT_INTERNAL Continuations {
 public:
  Continuations() = default;
  Continuations(Continuations&& other) noexcept
      : first_(std::move(other.first_)), last_(std::exchange(other.last_, nullptr)) {}
  Continuations& operator=(Continuations&& other) noexcept {
    first_ = std::move(other.first_);
    last_ = std::exchange(other.last_, nullptr);
    return *this;
  }
  ~Continuations() = default;

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  void push(std::unique_ptr<detail::Continuation> added) noexcept;
  /// Requires: not empty.
  [[nodiscard]] std::unique_ptr<detail::Continuation> pop() noexcept;
  /// Runs one. False when it has made `gone` true, as then what it was of is no more, or has come
  /// back in a forked child: nothing is to be touched then.
  [[nodiscard]] static bool run_one(std::unique_ptr<detail::Continuation> one,
                                    const bool& gone) noexcept;
  /// Runs all, those that come meanwhile, too, each without the lock, which guards them. False, at
  /// once and without the lock, as of `run_one`.
  [[nodiscard]] bool run_all(core::MutexLock& lock,
                             const bool& gone) noexcept CACHEKIT_UNCHECKED_LOCKING;

 private:
  std::unique_ptr<detail::Continuation> first_;
  detail::Continuation* last_ = nullptr;
};

/// Takes the continuations of users that a step of the library has brought about.
class CACHEKIT_INTERNAL ContinuationSink {
 public:
  ContinuationSink() = default;
  virtual ~ContinuationSink() = default;
  ContinuationSink(const ContinuationSink&) = delete;
  ContinuationSink& operator=(const ContinuationSink&) = delete;

  virtual void take(std::unique_ptr<detail::Continuation> continuation) noexcept = 0;
};

/// As long as it lives, such continuations of this thread go to a sink. Lifetime: within that of
/// the sink.
class CACHEKIT_INTERNAL ContinuationsTo {
 public:
  explicit ContinuationsTo(ContinuationSink& sink) noexcept;
  ~ContinuationsTo();
  ContinuationsTo(const ContinuationsTo&) = delete;
  ContinuationsTo& operator=(const ContinuationsTo&) = delete;

 private:
  ContinuationSink* const before_;
};

/// Goes on with one whose result is there: at once, unless it is a user's and this thread has a
/// sink for it.
CACHEKIT_INTERNAL void go_on_with(std::unique_ptr<detail::Continuation> next) noexcept;

}  // namespace cachekit::core
