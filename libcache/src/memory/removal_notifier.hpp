#pragma once

#include "memory/removed_entries.hpp"

#include <cachekit/memory.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace cachekit::memory {

/// Tells a cache's listener of entries that have left, once of each, in the order in which the
/// calling thread made them leave.
///
/// Never from within itself: where a listener makes entries leave, these wait until it has
/// returned, and the call that is notifying already goes on with them. So the stack does not grow
/// with what a listener does, not even by way of another cache's listener. Waiting takes no memory
/// but the entries' own. A call goes on with `most_echoes` for each entry that it made leave
/// itself: a listener that always stores again does not keep its caller for ever. What leaves
/// beyond that is counted and not told.
///
/// Threads: any at once; each has a queue of its own. Errors: what a listener throws is caught and
/// counted, and the rest is told.
class RemovalNotifier {
 public:
  explicit RemovalNotifier(RemovalListener listener) : listener_(std::move(listener)) {}
  RemovalNotifier(const RemovalNotifier&) = delete;
  RemovalNotifier& operator=(const RemovalNotifier&) = delete;

  [[nodiscard]] bool listening() const noexcept { return listener_ != nullptr; }
  /// Takes all that has left and tells of it, now or, within the listener, later. Requires: no lock
  /// is held.
  void notify(RemovedEntries& gone) noexcept;
  /// How often the listener has thrown.
  [[nodiscard]] std::uint64_t failures() const noexcept {
    return failures_.load(std::memory_order_relaxed);
  }
  /// How many entries left untold, see above.
  [[nodiscard]] std::uint64_t untold() const noexcept {
    return untold_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint64_t most_echoes = 64;

  // A call that is notifying. Those of one thread form a chain, of one for each cache at most.
  struct Round {
    const RemovalNotifier* notifier;
    RemovedEntries& echoes;
    Round* outer;
  };

  void tell(const Entry& entry) noexcept;

  static constinit thread_local Round* innermost;

  const RemovalListener listener_;
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint64_t> untold_{0};
};

}  // namespace cachekit::memory
