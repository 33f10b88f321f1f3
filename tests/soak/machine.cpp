#include "machine.hpp"

#include <algorithm>
#include <fstream>

#include <unistd.h>

namespace cachekit::soak {

MachineWatch::MachineWatch(std::chrono::milliseconds stall)
    : stall_(stall), thread_([this] { watch(); }) {}

MachineWatch::~MachineWatch() {
  over_ = true;
  thread_.join();
}

void MachineWatch::watch() {
  constexpr auto nap = std::chrono::milliseconds(1);
  while (!over_) {
    const auto before = clock::now();
    std::this_thread::sleep_for(nap);
    const auto after = clock::now();
    if (after - before - nap < stall_) continue;
    const std::lock_guard lock(mutex_);
    stalls_.push_back({before, after});
  }
}

bool MachineWatch::stalled(clock::time_point from, clock::time_point to) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(stalls_,
                             [&](const Stall& one) { return one.from < to && from < one.to; });
}

std::uint64_t MachineWatch::stalls() const {
  const std::lock_guard lock(mutex_);
  return stalls_.size();
}

clock::duration MachineWatch::longest() const {
  const std::lock_guard lock(mutex_);
  clock::duration longest{};
  for (const Stall& one : stalls_) longest = std::max(longest, one.to - one.from);
  return longest;
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace cachekit::soak
