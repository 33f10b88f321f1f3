#pragma once

#include <cstddef>

namespace cachekit::test {

/// Whose allocations are counted: those of the thread that arms the failure, or of all threads.
enum class Scope { thread, process };

/// While it lives, the `number`-th allocation from now on fails, counted from 1, and `more` behind
/// it: `operator new` throws, `malloc` gives null.
///
/// Only in a program that has allocations.cpp among its sources, which replaces all forms of
/// `operator new` and `delete`. `malloc` and `realloc` count with them, but not under a sanitizer.
/// Threads: one object at a time in each scope; the one that made it ends it.
class FailingAllocation {
 public:
  FailingAllocation(Scope scope, std::size_t number, std::size_t more = 0) noexcept;
  ~FailingAllocation();
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;

  /// False: there were fewer allocations than that.
  [[nodiscard]] bool happened() const noexcept;

 private:
  const Scope scope_;
};

/// What is allocated and not given back yet, with what the allocator adds to it.
[[nodiscard]] std::size_t live_bytes() noexcept;
/// The most that there was at any moment since `forget_peak`.
[[nodiscard]] std::size_t peak_bytes() noexcept;
void forget_peak() noexcept;

}  // namespace cachekit::test
