#pragma once

#include "core/mutex.hpp"
#include "memory/snapshot_lock.hpp"
#include "memory/store.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/runtime.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
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
  /// False when the deadline came first.
  [[nodiscard]] bool lock_until(Deadline deadline) const CACHEKIT_TRY_ACQUIRE(true, mutex_);
  Result<void> load() CACHEKIT_REQUIRES(mutex_);
  // What a snapshot held that has not expired.
  struct Restored {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t too_large = 0;  // For a shard, or no entry at all.
    std::uint64_t largest = 0;    // Of these.
  };
  void start_empty(const Error& damage) CACHEKIT_REQUIRES(mutex_);
  Result<void> restore_entries(Restored& restored) CACHEKIT_REQUIRES(mutex_);
  [[nodiscard]] Result<void> too_much(const Restored& restored) const;

  const InMemoryConfig& config_;
  Store& store_;
  const Runtime& runtime_;
  std::atomic<bool> ready_;  // Set last by `connect`; what it did is visible to who reads true.

  mutable core::Mutex mutex_;  // Guards the file against two writers, too.
  // What the configured path leads to.
  std::filesystem::path file_ CACHEKIT_GUARDED_BY(mutex_);
  std::optional<SnapshotLock> lock_ CACHEKIT_GUARDED_BY(mutex_);
  bool damaged_ CACHEKIT_GUARDED_BY(mutex_) = false;  // The file is, and still where it was.
  // `Store::changes()` when file and store were the same.
  std::uint64_t saved_changes_ CACHEKIT_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> warnings_;  // Not changed any more when ready; till then by mutex_.
};

}  // namespace cachekit::memory
