#include "core/file_replacement.hpp"

#include <cachekit/runtime.hpp>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace cachekit::core {
namespace {

using std::filesystem::path;

constexpr int most_links = 40;  // As the kernel.
constexpr mode_t permissions = S_IRWXU | S_IRWXG | S_IRWXO;

// What is there, if anything.
Result<std::optional<struct stat>> look_at(const path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) == 0) return status;
  if (errno == ENOENT) return std::nullopt;
  return file_error("look at", file);
}

path temporary_name(const path& target, FileReplacement::Name name) {
  path temporary = target;
  temporary += name == FileReplacement::Name::under_lock
                   ? std::string(".cachekit-tmp")
                   : fmt::format(".{:016x}", Runtime::current().random());
  return temporary;
}

// Empty where it may be written but not be read: such a one is on the disk when the system sees
// fit.
Result<std::optional<File>> open_folder_of(const path& file) {
  const path folder = file.has_parent_path() ? file.parent_path() : ".";
  if (::faccessat(AT_FDCWD, folder.c_str(), R_OK, AT_EACCESS) != 0 && errno == EACCES) {
    return std::optional<File>();
  }
  return File::open(folder, O_RDONLY | O_DIRECTORY).map([](File opened) {
    return std::optional<File>(std::move(opened));
  });
}

}  // namespace

Result<path> resolve_file(const path& given) {
  path file = given;
  std::error_code failure;
  for (int links = 0; links < most_links; ++links) {
    const path folder = file.has_parent_path() ? file.parent_path() : path(".");
    file = std::filesystem::weakly_canonical(folder, failure) / file.filename();
    if (failure) break;
    if (!std::filesystem::is_symlink(std::filesystem::symlink_status(file, failure))) return file;
    const path next = std::filesystem::read_symlink(file, failure);
    if (failure) break;
    file = file.parent_path() / next;
  }
  errno = failure ? failure.value() : ELOOP;
  return file_error("resolve", given);
}

Result<void> copy_ownership(const File& fresh, const path& name, const struct stat& from) {
  const int descriptor = fresh.descriptor();
  mode_t mode = from.st_mode & permissions;
  struct stat now {};
  if (::fstat(descriptor, &now) != 0) return file_error("look at", name);
  // Only a privileged process gives files away; the group may be one of its own.
  const bool owner_kept =
      now.st_uid == from.st_uid || ::fchown(descriptor, from.st_uid, static_cast<gid_t>(-1)) == 0;
  const bool group_kept =
      now.st_gid == from.st_gid || ::fchown(descriptor, static_cast<uid_t>(-1), from.st_gid) == 0;
  if (!group_kept) mode &= ~static_cast<mode_t>(S_IRWXG);
  if (!owner_kept) mode |= S_IRUSR | S_IWUSR;
  if (::fchmod(descriptor, mode) != 0) return file_error("set the permissions of", name);
  return {};
}

Result<FileReplacement> FileReplacement::begin(const path& given, Name name, unsigned mode) {
  Result<path> target = resolve_file(given);
  if (!target) return fail(std::move(target).error());
  const Result<std::optional<struct stat>> old = look_at(*target);
  if (!old) return fail(old.error());
  if (*old && !S_ISREG((**old).st_mode)) return not_regular(*target);
  path temporary = temporary_name(*target, name);
  if (name == Name::under_lock) ::unlink(temporary.c_str());
  // Nobody else gets to see the bytes before the permissions are those of the old file.
  Result<File> file = File::open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                                 *old ? unsigned{S_IRUSR | S_IWUSR} : mode);
  if (!file) return fail(std::move(file).error());
  FileReplacement begun(*std::move(target), std::move(temporary), *std::move(file));
  if (*old) {
    if (Result<void> kept = copy_ownership(begun.file_, begun.temporary_, **old); !kept) {
      return fail(std::move(kept).error());
    }
  }
  return begun;
}

FileReplacement::FileReplacement(FileReplacement&& other) noexcept
    : target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      file_(std::move(other.file_)) {}

FileReplacement::~FileReplacement() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> FileReplacement::commit(bool on_disk) {
  std::optional<File> folder;  // Opened now: what fails is to leave everything as it was.
  if (on_disk) {
    if (Result<void> synced = file_.sync(); !synced) return synced;
    Result<std::optional<File>> opened = open_folder_of(target_);
    if (!opened) return fail(std::move(opened).error());
    folder = *std::move(opened);
  }
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) return file_error("replace", target_);
  temporary_.clear();
  // The new name is on the disk only once its folder is.
  return folder ? folder->sync() : Result<void>();
}

}  // namespace cachekit::core
