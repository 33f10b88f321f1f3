#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <ucontext.h>

namespace cachekit::testing {

/// Memory for a fiber's stack, with a page in front of it that may not be touched.
class FiberStack {
 public:
  static constexpr std::size_t size = std::size_t{256} << 10U;

  /// One that was used before, or a new one. Errors: throws `std::bad_alloc`.
  [[nodiscard]] static FiberStack take();
  FiberStack(FiberStack&& other) noexcept;
  FiberStack& operator=(FiberStack&&) = delete;
  ~FiberStack();

  [[nodiscard]] void* bottom() const noexcept { return bottom_; }

 private:
  explicit FiberStack(void* bottom) noexcept : bottom_(bottom) {}

  void* bottom_;
};

/// What the C++ runtime keeps for a thread: the exceptions that are being handled, and how many are
/// under way (Itanium C++ ABI, section 2.2.2).
struct FiberExceptions {
  void* caught = nullptr;
  unsigned uncaught = 0;
};

/// A function with a stack of its own, which can stop half-way and go on later in the same thread.
/// What it has caught or is throwing stays its own. Threads: the one that made it.
class Fiber {
 public:
  /// `body` must not throw.
  explicit Fiber(std::function<void()> body);
  /// Nothing on the stack of one that has not ended is destroyed.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Begins it, or goes on with it, until it suspends itself or has ended. Requires: not ended.
  void resume();
  /// Goes back to who resumed it. Requires: called in this fiber.
  void suspend();
  [[nodiscard]] bool ended() const noexcept { return ended_; }

 private:
  static void enter();
  void run();

  std::function<void()> body_;
  FiberStack stack_ = FiberStack::take();
  ucontext_t own_{};
  ucontext_t resumer_{};
  FiberExceptions own_exceptions_;
  bool ended_ = false;
  struct Watched;  // What a sanitizer knows of it.
  const std::unique_ptr<Watched> watched_;
};

}  // namespace cachekit::testing
