#include "output/writer.hpp"

#include "data/standard_descriptors.hpp"
#include "failure.hpp"
#include "output/printable.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t buffer_size = std::size_t{64} * 1024;

Failure output_failure(const std::string& why) {
  return {"output",
          Error{Errc::rejected, why, "", "check where the output goes, and that there is room"}};
}

}  // namespace

Writer::Writer(int descriptor) : descriptor_(descriptor), terminal_(isatty(descriptor) == 1) {}

void Writer::require() const {
  if (is_usable(descriptor_)) return;
  throw Failure("output", Error{Errc::rejected, "standard output is closed; nothing was done", "",
                                "send it to a file, or to /dev/null where nobody wants it"});
}

bool Writer::has_controls() const noexcept {
  const char* const term = std::getenv("TERM");
  return terminal_ && term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

void Writer::append(std::string_view bytes) {
  buffer_ += bytes;
  if (buffer_.size() >= buffer_size) flush();
}

void Writer::write(std::string_view text) {
  if (terminal_ && !trusted_) return append(escape_controls(text, "\n\t"));
  append(text);
}

void Writer::data(std::string_view bytes) {
  if (terminal_ && !trusted_) return append(escape_controls(bytes));
  append(bytes);
}

void Writer::line(std::string_view text) {
  write(text);
  write("\n");
}

void Writer::flush() {
  const std::string pending = std::exchange(buffer_, {});
  std::string_view left = pending;
  if (!left.empty() && !is_usable(descriptor_)) throw output_failure("it is closed");
  while (!left.empty()) {
    const ssize_t n = ::write(descriptor_, left.data(), left.size());
    if (n >= 0) {
      left.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EPIPE) {
      throw ClosedPipe{};
    } else if (errno != EINTR) {
      throw output_failure(std::system_category().message(errno));
    }
  }
}

}  // namespace cachekit::cli
