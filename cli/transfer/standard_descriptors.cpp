#include "transfer/standard_descriptors.hpp"

#include "exit_code.hpp"

#include <array>
#include <filesystem>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace cachekit::cli {
namespace {

std::array<bool, 3> usable{true, true, true};
constexpr int most_links = 16;

bool is_open_for(int descriptor, int unwanted_mode) noexcept {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != unwanted_mode;
}

}  // namespace

void fill_standard_descriptors() noexcept {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    const int unwanted = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    usable.at(static_cast<std::size_t>(descriptor)) = is_open_for(descriptor, unwanted);
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest free number is given out, and those below are taken.
    if (::open("/dev/null", O_RDWR) != descriptor) ::_exit(static_cast<int>(ExitCode::refused));
  }
}

bool is_usable(int standard_descriptor) noexcept {
  return usable.at(static_cast<std::size_t>(standard_descriptor));
}

// /dev/stdin and its like are links that end in a folder of this process's descriptors: what is
// opened there is not what lies behind the last link, but the descriptor's own file.
std::optional<int> standard_descriptor_of(const std::filesystem::path& path) {
  std::error_code failed;
  const auto process = std::filesystem::canonical("/proc/self", failed).string() + "/";
  if (failed) return std::nullopt;
  std::filesystem::path at = path;
  for (int links = 0; links < most_links; ++links) {
    const auto parent = at.has_parent_path() ? at.parent_path() : std::filesystem::path(".");
    const auto folder = std::filesystem::canonical(parent, failed);
    if (failed) return std::nullopt;
    const std::string name = at.filename().string();
    // Of the process, or of one of its threads.
    const bool of_descriptors = folder.filename() == "fd" && folder.string().starts_with(process);
    if (of_descriptors && name.size() == 1 && name[0] >= '0' && name[0] <= '2') {
      return name[0] - '0';
    }
    const auto target = std::filesystem::read_symlink(folder / name, failed);
    if (failed) return std::nullopt;
    at = folder / target;
  }
  return std::nullopt;
}

bool names_closed_descriptor(const std::filesystem::path& path) {
  const std::optional<int> descriptor = standard_descriptor_of(path);
  return descriptor && !is_usable(*descriptor);
}

}  // namespace cachekit::cli
