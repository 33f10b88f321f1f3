#pragma once

#include "memory/snapshot_lock.hpp"
#include "memory/store.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/runtime.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace cachekit::memory {

/// Carries a store over from one process to the next through a snapshot file.
///
/// Nothing is written before the file was read under its lock: a cache that could not load its
/// entries never replaces those on the disk. Nothing is written either when nothing has changed.
///
/// Threads: all members may be called from any thread at once.
class Persistence {
 public:
  /// Lifetime: config, store and runtime must outlive this object.
  Persistence(const InMemoryConfig& config, Store& store, const Runtime& runtime);

  /// Loads the snapshot, once; later calls return at once.
  [[nodiscard]] Result<void> connect(Deadline deadline);
  /// Whether there is nothing left for `connect` to do.
  [[nodiscard]] bool ready() const noexcept { return ready_.load(std::memory_order_acquire); }
  [[nodiscard]] Result<void> flush();
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  Result<void> wait_for_mutex(std::unique_lock<std::mutex>& lock, Deadline deadline) const;
  Result<void> load();
  // What a snapshot held that has not expired.
  struct Restored {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t too_large = 0;  // For a shard, or no entry at all.
    std::uint64_t largest = 0;    // Of these.
  };
  void start_empty(const Error& damage);
  Result<void> restore_entries(Restored& restored);
  [[nodiscard]] Result<void> too_much(const Restored& restored) const;

  const InMemoryConfig& config_;
  Store& store_;
  const Runtime& runtime_;
  std::atomic<bool> ready_;  // Set last by `connect`; what it did is visible to who reads true.

  mutable std::mutex mutex_;    // guards everything below, and the file against two writers
  std::filesystem::path file_;  // What the configured path leads to.
  std::optional<SnapshotLock> lock_;
  bool damaged_ = false;               // The file is, and still where it was.
  std::uint64_t saved_changes_ = 0;    // `Store::changes()` when file and store were the same
  std::vector<std::string> warnings_;  // Not changed any more when ready.
};

}  // namespace cachekit::memory
