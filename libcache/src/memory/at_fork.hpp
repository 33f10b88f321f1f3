#pragma once

#include <cstdint>

namespace cachekit::memory {

class Store;

/// Where `fork` came back.
enum class Process : std::uint8_t { parent, child };

/// Lets a forked child go on with a store: while the process is copied, the thread that forks holds
/// all locks of the store. So the child finds it whole, and no lock held by a thread that it does
/// not have.
///
/// Threads: any at once. A fork waits for what holds a lock just then.
class AtFork {
 public:
  explicit AtFork(Store& store);
  ~AtFork();
  AtFork(const AtFork&) = delete;
  AtFork& operator=(const AtFork&) = delete;

 private:
  Store& store_;
};

}  // namespace cachekit::memory
