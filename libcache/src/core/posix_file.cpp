#include "core/posix_file.hpp"

#include "core/descriptor.hpp"
#include "core/out_of_memory.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cachekit::core {
namespace {

// Repeats a call that a signal interrupted.
template <typename Call>
auto uninterrupted(const Call& call) {
  auto outcome = call();
  while (outcome < 0 && errno == EINTR) outcome = call();
  return outcome;
}

}  // namespace

tl::unexpected<Error> file_error(std::string_view action, const std::filesystem::path& path) {
  if (errno == ENOMEM) return fail(out_of_memory());
  const std::string reason = std::generic_category().message(errno);
  return fail(Errc::rejected, fmt::format("cannot {} {}: {}", action, path.string(), reason),
              path.string(),
              "check the path, its permissions, the room on the disk and the limit of ulimit -f");
}

tl::unexpected<Error> not_regular(const std::filesystem::path& path) {
  return fail(Errc::rejected, fmt::format("{} is not a regular file", path.string()), path.string(),
              "name a file that cachekit may replace");
}

Result<File> File::open(const std::filesystem::path& path, int flags, unsigned mode) {
  // Without O_NONBLOCK the opening of a named pipe would wait for its other end.
  const int all_flags = flags | O_CLOEXEC | O_NONBLOCK;
  std::filesystem::path name = path;  // Once the file is open nothing may be wanting any more.
  const int opened = uninterrupted([&] { return ::open(path.c_str(), all_flags, mode); });
  const int descriptor = above_standard(opened);
  if (descriptor < 0) return file_error("open", path);
  return File(descriptor, std::move(name));
}

File::File(int descriptor, std::filesystem::path path)
    : descriptor_(descriptor), path_(std::move(path)) {}

File::File(File&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::uint64_t> File::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return file_error("look at", path_);
  if (!S_ISREG(status.st_mode)) return not_regular(path_);
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::size_t> File::read(std::span<char> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto got =
        uninterrupted([&] { return ::read(descriptor_, into.data() + done, into.size() - done); });
    if (got < 0) return file_error("read", path_);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<void> File::rewind() {
  if (::lseek(descriptor_, 0, SEEK_SET) != 0) return file_error("rewind", path_);
  return {};
}

Result<void> File::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put =
        uninterrupted([&] { return ::write(descriptor_, bytes.data(), bytes.size()); });
    if (put < 0) return file_error("write", path_);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> File::sync() {
  if (uninterrupted([&] { return ::fsync(descriptor_); }) != 0) return file_error("sync", path_);
  return {};
}

}  // namespace cachekit::core
