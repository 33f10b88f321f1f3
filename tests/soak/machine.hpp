#pragma once

#include "tally.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace cachekit::soak {

/// Tells a late call from a machine that ran nobody: sleeps all the time, and notes when it was
/// woken late itself. Threads: any.
class MachineWatch {
 public:
  /// Oversleeping by more than this is a stall.
  explicit MachineWatch(std::chrono::milliseconds stall);
  ~MachineWatch();
  MachineWatch(const MachineWatch&) = delete;
  MachineWatch& operator=(const MachineWatch&) = delete;

  /// Whether the machine stalled at some moment between the two.
  [[nodiscard]] bool stalled(clock::time_point from, clock::time_point to) const;
  [[nodiscard]] std::uint64_t stalls() const;
  [[nodiscard]] clock::duration longest() const;

 private:
  struct Stall {
    clock::time_point from;
    clock::time_point to;
  };

  void watch();

  const std::chrono::milliseconds stall_;
  mutable std::mutex mutex_;  // guards stalls_
  std::vector<Stall> stalls_;
  std::atomic<bool> over_{false};
  std::thread thread_;
};

/// Memory of this process that is really there.
[[nodiscard]] std::uint64_t resident_bytes();

}  // namespace cachekit::soak
