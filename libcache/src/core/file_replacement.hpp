#pragma once

#include "core/internal.hpp"
#include "core/posix_file.hpp"

#include <cachekit/error.hpp>

#include <filesystem>

#include <sys/stat.h>

namespace cachekit::core {

/// The file that a path stands for: symbolic links are followed, also where what they name is not
/// there yet. (A hard link is a file of its own to this: a replacement leaves it the old contents.)
/// Errors: `rejected`, for links in a circle and folders that cannot be looked into.
[[nodiscard]] CACHEKIT_INTERNAL Result<std::filesystem::path> resolve_file(
    const std::filesystem::path& path);

/// Gives a fresh file the owner, the group and the permissions of another one. Where the system
/// does not let a group be kept, the other group gets no permissions.
[[nodiscard]] CACHEKIT_INTERNAL Result<void> copy_ownership(const File& fresh,
                                                            const std::filesystem::path& path,
                                                            const struct stat& from);

/// Replaces a file in one step: who reads it sees the old bytes or the new ones. A symbolic link
/// stays one, and what it leads to is replaced; mode, owner and group stay as they are. The new
/// bytes are gathered next to the file, under a name that no link can have been planted at.
class CACHEKIT_INTERNAL FileReplacement {
 public:
  /// Whose name the bytes have meanwhile: FILE.cachekit-tmp, for who holds a lock and clears away
  /// what a crash has left there, or one that nobody else has.
  enum class Name { under_lock, unique };

  /// `mode`: of a file that is not there yet. Errors: `rejected`, also for what is no regular file.
  [[nodiscard]] static Result<FileReplacement> begin(const std::filesystem::path& path, Name name,
                                                     unsigned mode);
  FileReplacement(FileReplacement&& other) noexcept;
  FileReplacement& operator=(FileReplacement&&) = delete;
  /// Leaves everything as it was, if it was not committed.
  ~FileReplacement();

  [[nodiscard]] File& file() noexcept { return file_; }

  /// `on_disk`: returns once bytes and name are there, whatever happens to the machine. Once.
  [[nodiscard]] Result<void> commit(bool on_disk);

 private:
  FileReplacement(std::filesystem::path target, std::filesystem::path temporary, File file)
      : target_(std::move(target)), temporary_(std::move(temporary)), file_(std::move(file)) {}

  std::filesystem::path target_;
  std::filesystem::path temporary_;  // Empty once it has its last name.
  File file_;
};

}  // namespace cachekit::core
