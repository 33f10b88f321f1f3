#pragma once

#include "core/mutex.hpp"
#include "core/thread_slot.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace cachekit::memory {

/// A lock for data that is read far more often than it is changed.
///
/// Readers announce themselves in one of several places, each on a cache line of its own, chosen by
/// thread: so they neither wait for each other nor hand a line to and fro. A writer bars the
/// way for new readers and waits until those that are in have left. Who finds the way barred looks
/// again for about a microsecond, which is longer than most stay, and then queues with the writers,
/// so all get their turn.
///
/// Nobody waits on the processor for long: who queues blocks, and a writer that has looked at a
/// reader for some microseconds sleeps between its looks, a quarter of a millisecond at most. So a
/// thread of real-time priority and one without may share a processor.
///
/// Threads: its purpose. Not recursive, for readers neither.
class CACHEKIT_CAPABILITY("mutex") StripedLock {
  struct alignas(64) Readers {
    std::atomic<std::uint32_t> owner{0};   // Whether the slot's owner is in.
    std::atomic<std::uint32_t> others{0};  // How many of the others are.
  };

 public:
  class CACHEKIT_SCOPED_CAPABILITY Reading {
   public:
    explicit Reading(StripedLock& lock) CACHEKIT_ACQUIRE_SHARED(lock)
        : lock_(lock), slot_(core::ThreadSlot::mine()) {
      if (!enter()) queued_ = !wait_to_enter();
    }
    ~Reading() CACHEKIT_RELEASE_GENERIC() CACHEKIT_UNCHECKED_LOCKING {
      queued_ ? lock_.mutex_.unlock() : leave();
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    [[nodiscard]] Readers& readers() const noexcept { return lock_.readers_[slot_.number()]; }
    [[nodiscard]] bool enter() noexcept {
      // Together with the writer's: either it sees this reader, or this reader sees the bar.
      if (slot_.owned()) {
        readers().owner.store(1, std::memory_order_seq_cst);
      } else {
        readers().others.fetch_add(1, std::memory_order_seq_cst);
      }
      if (!lock_.barred_.load(std::memory_order_seq_cst)) return true;
      leave();
      return false;
    }
    void leave() noexcept {
      if (slot_.owned()) {
        readers().owner.store(0, std::memory_order_release);
      } else {
        readers().others.fetch_sub(1, std::memory_order_release);
      }
    }
    [[nodiscard]] bool wait_to_enter() CACHEKIT_UNCHECKED_LOCKING;  // The mutex, if not entered.

    StripedLock& lock_;
    const core::ThreadSlot slot_;
    bool queued_ = false;
  };

  class CACHEKIT_SCOPED_CAPABILITY Writing {
   public:
    explicit Writing(StripedLock& lock) CACHEKIT_ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
    ~Writing() CACHEKIT_RELEASE() { lock_.unlock(); }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

   private:
    StripedLock& lock_;
  };

  /// As a writer; for who cannot do it in a scope.
  void lock() CACHEKIT_ACQUIRE();
  void unlock() noexcept CACHEKIT_RELEASE() {
    barred_.store(false, std::memory_order_release);
    mutex_.unlock();
  }
  /// In a forked child, where it was locked before the fork: without those readers who looked in
  /// just then, for their threads are not here.
  void unlock_in_child() noexcept CACHEKIT_RELEASE();

 private:
  core::Mutex mutex_;
  std::atomic<bool> barred_{false};
  std::array<Readers, core::ThreadSlot::count> readers_{};
};

}  // namespace cachekit::memory
