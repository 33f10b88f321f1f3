#include "memory/snapshot_lock.hpp"

#include "core/file_replacement.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace cachekit::memory {
namespace {

using core::File;
using core::file_error;

// flock cannot wait for a limited time.
constexpr std::chrono::milliseconds lock_poll_interval{10};

Result<File> open_lock(const std::filesystem::path& path, const std::filesystem::path& snapshot) {
  Result<File> fresh = File::open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (!fresh) return File::open(path, O_RDWR | O_CREAT | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  struct stat status {};
  if (::stat(snapshot.c_str(), &status) == 0) {
    status.st_mode &= static_cast<mode_t>(~(S_IXUSR | S_IXGRP | S_IXOTH));
    status.st_mode |= S_IRUSR | S_IWUSR;
    if (Result<void> shared = core::copy_ownership(*fresh, path, status); !shared) {
      return fail(std::move(shared).error());
    }
  }
  return fresh;
}

}  // namespace

Result<SnapshotLock> SnapshotLock::acquire(const std::filesystem::path& snapshot,
                                           Deadline deadline) {
  std::filesystem::path path = snapshot;
  path += ".lock";
  Result<File> file = open_lock(path, snapshot);
  if (!file) return fail(std::move(file).error());
  while (::flock(file->descriptor(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return file_error("lock", path);
    if (deadline.expired()) {
      return fail(Errc::unavailable,
                  fmt::format("another process holds the snapshot {}", snapshot.string()),
                  snapshot.string(),
                  fmt::format("wait until it ends (fuser {} names it), or name another file",
                              path.string()));
    }
    Runtime::current().sleep_for(std::min(lock_poll_interval, deadline.remaining()));
  }
  return SnapshotLock(*std::move(file));
}

}  // namespace cachekit::memory
