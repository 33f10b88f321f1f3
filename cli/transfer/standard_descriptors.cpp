#include "transfer/standard_descriptors.hpp"

#include "exit_code.hpp"

#include <array>

#include <fcntl.h>
#include <unistd.h>

namespace cachekit::cli {
namespace {

std::array<bool, 3> usable{true, true, true};

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

}  // namespace cachekit::cli
