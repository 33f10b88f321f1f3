#include "memory/snapshot_lock.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace cachekit::memory {
namespace {

// flock cannot wait for a limited time.
constexpr std::chrono::milliseconds lock_poll_interval{10};

}  // namespace

Result<SnapshotLock> SnapshotLock::acquire(const std::filesystem::path& snapshot,
                                           Deadline deadline) {
  std::error_code failure;
  if (snapshot.has_parent_path()) {
    std::filesystem::create_directories(snapshot.parent_path(), failure);
  }
  if (failure) {
    errno = failure.value();
    return file_error("create the folder of", snapshot);
  }
  std::filesystem::path path = snapshot;
  path += ".lock";
  Result<File> file = File::open(path, O_RDWR | O_CREAT, S_IRUSR | S_IWUSR);
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
    std::this_thread::sleep_for(std::min(lock_poll_interval, deadline.remaining()));
  }
  return SnapshotLock(*std::move(file));
}

}  // namespace cachekit::memory
