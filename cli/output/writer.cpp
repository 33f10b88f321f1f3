#include "output/writer.hpp"

#include "failure.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t buffer_size = std::size_t{64} * 1024;

}  // namespace

Writer::Writer(int descriptor) : descriptor_(descriptor), terminal_(isatty(descriptor) == 1) {}

void Writer::write(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= buffer_size) flush();
}

void Writer::line(std::string_view text) {
  write(text);
  write("\n");
}

void Writer::flush() {
  const std::string pending = std::exchange(buffer_, {});
  std::string_view left = pending;
  while (!left.empty()) {
    const ssize_t n = ::write(descriptor_, left.data(), left.size());
    if (n >= 0) {
      left.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EPIPE) {
      throw ClosedPipe{};
    } else if (errno != EINTR) {
      throw Failure("output", Error{Errc::rejected, std::system_category().message(errno), "",
                                    "check where the output goes, and that there is room"});
    }
  }
}

}  // namespace cachekit::cli
