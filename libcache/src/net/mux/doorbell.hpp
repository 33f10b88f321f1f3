#pragma once

#include "core/descriptor.hpp"
#include "core/mutex.hpp"

#include <cachekit/deadline.hpp>

#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace cachekit::net {

/// How a thread is told that there is something to do, whether it sleeps here or waits for a peer.
///
/// For a moment after each ring it looks around again and again, so that those who come next need
/// not ring; then it sleeps. Threads: any, under one lock, but for what says that it needs none.
class Doorbell {
 public:
  using TimePoint = Deadline::clock::time_point;

  Doorbell() noexcept = default;
  ~Doorbell() { close(); }
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  /// False where no descriptor is to be had.
  [[nodiscard]] bool open() noexcept {
    if (descriptor_ < 0) descriptor_ = core::above_standard(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return descriptor_ >= 0;
  }
  void close() noexcept {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  /// What becomes readable by a ring while the thread polls. Needs no lock.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  void ring() noexcept {
    if (rung_.exchange(true)) return;
    const bool polls = poller_ != std::thread::id() && poller_ != std::this_thread::get_id();
    if (polls) static_cast<void>(eventfd_write(descriptor_, 1));
    woken_.notify_one();
  }
  /// For who has something for the thread that can wait a moment: rings unless the thread will look
  /// around soon by itself. Takes the lock where that is needed.
  void note_start(core::Mutex& lock) noexcept {
    started_.fetch_add(1, std::memory_order_relaxed);
    if (awake_.load(std::memory_order_acquire)) return;
    const core::MutexLock locked(lock);
    awake_.store(true, std::memory_order_release);
    ring();
  }
  /// How often that was.
  [[nodiscard]] std::uint64_t started() const noexcept {
    return started_.load(std::memory_order_relaxed);
  }
  /// Whether it was rung since the thread has last heard it. Needs no lock.
  [[nodiscard]] const std::atomic<bool>& rung() const noexcept { return rung_; }

  // Of the thread.
  void stay_awake(bool awake) noexcept { awake_.store(awake, std::memory_order_release); }
  void hear() noexcept { rung_ = false; }
  void begin_poll() noexcept { poller_ = std::this_thread::get_id(); }
  void end_poll() noexcept {
    if (std::exchange(poller_, {}) == std::thread::id()) return;
    eventfd_t count = 0;
    static_cast<void>(eventfd_read(descriptor_, &count));
  }
  /// Sleeps until it is rung, or `until`.
  void sleep(core::MutexLock& lock, TimePoint until) {
    const auto rung = [&] { return rung_.load(); };
    if (until == TimePoint::max()) return woken_.wait(lock, rung);
    woken_.wait_until(lock, until, rung);
  }

 private:
  int descriptor_ = -1;            // An eventfd.
  std::thread::id poller_;         // The thread, while it waits for the peer or for the descriptor.
  std::atomic<bool> rung_{false};  // Raised under the lock.
  std::atomic<bool> awake_{false};  // The thread will look around soon, without being told.
  std::atomic<std::uint64_t> started_{0};
  core::ConditionVariable woken_;
};

}  // namespace cachekit::net
