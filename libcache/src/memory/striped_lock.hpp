#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace cachekit::memory {

/// A lock for data that is read far more often than it is changed.
///
/// Readers announce themselves on one of several counters, each on a cache line of its own, chosen
/// by thread: so they neither wait for each other nor hand a line to and fro. A writer bars the
/// way for new readers and waits until those that are in have left. Who finds the way barred looks
/// again for about a microsecond, which is longer than most stay, and then queues with the writers,
/// so all get their turn.
///
/// Threads: its purpose. Not recursive, for readers neither.
class StripedLock {
 public:
  static constexpr std::size_t stripes = 8;

  /// Which counter the calling thread uses.
  [[nodiscard]] static std::size_t stripe_of_this_thread() noexcept {
    if (stripe == 0) stripe = 1 + next_stripe.fetch_add(1, std::memory_order_relaxed) % stripes;
    return stripe - 1;
  }

  class Reading {
   public:
    explicit Reading(StripedLock& lock) : lock_(lock), readers_(lock.mine().count) {
      if (!enter()) queued_ = !wait_to_enter();
    }
    ~Reading() { queued_ ? lock_.mutex_.unlock() : leave(); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    [[nodiscard]] bool enter() noexcept {
      // Together with the writer's: either it sees this reader, or this reader sees the bar.
      readers_.fetch_add(1, std::memory_order_seq_cst);
      if (!lock_.barred_.load(std::memory_order_seq_cst)) return true;
      leave();
      return false;
    }
    void leave() noexcept { readers_.fetch_sub(1, std::memory_order_release); }
    [[nodiscard]] bool wait_to_enter();

    StripedLock& lock_;
    std::atomic<std::uint32_t>& readers_;
    bool queued_ = false;
  };

  class Writing {
   public:
    explicit Writing(StripedLock& lock) : lock_(lock) { lock_.begin_writing(); }
    ~Writing() {
      lock_.barred_.store(false, std::memory_order_release);
      lock_.mutex_.unlock();
    }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

   private:
    StripedLock& lock_;
  };

 private:
  struct alignas(64) Stripe {
    std::atomic<std::uint32_t> count{0};
  };

  static inline std::atomic<std::size_t> next_stripe{0};
  static inline constinit thread_local std::size_t stripe = 0;  // One more; 0 before the first use.

  [[nodiscard]] Stripe& mine() noexcept { return readers_[stripe_of_this_thread()]; }
  void begin_writing();

  std::mutex mutex_;
  std::atomic<bool> barred_{false};
  std::array<Stripe, stripes> readers_{};
};

}  // namespace cachekit::memory
