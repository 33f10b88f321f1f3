#pragma once

#include "core/posix_file.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <filesystem>

namespace cachekit::memory {

/// The right to write a snapshot: flock(2) on `FILE.lock`, held while this object lives. The lock
/// file stays where it is, because removing it would let two processes lock two files of one name.
/// Who may write the snapshot may lock it.
class SnapshotLock {
 public:
  /// Waits until the lock is free. Requires: `snapshot` is resolved (see `core::resolve_file`), so
  /// that all names of one file share a lock; its folder is there.
  /// Errors: `unavailable` when another holder kept it until the deadline; `rejected` when the
  /// system does not allow the file.
  [[nodiscard]] static Result<SnapshotLock> acquire(const std::filesystem::path& snapshot,
                                                    Deadline deadline);

 private:
  explicit SnapshotLock(core::File file) : file_(std::move(file)) {}
  core::File file_;
};

}  // namespace cachekit::memory
