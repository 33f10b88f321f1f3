#include "output/writer.hpp"

#include "failure.hpp"
#include "interrupt.hpp"
#include "output/printable.hpp"
#include "transfer/standard_descriptors.hpp"
#include "transfer/wait_for.hpp"

#include <cachekit/steady_clock.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t buffer_size = std::size_t{64} * 1024;

// An interrupted command still says what there is to who listens.
constexpr auto patience_when_interrupted = std::chrono::milliseconds(300);

bool may_block(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && !S_ISREG(status.st_mode);
}

OutputFailure output_failure(const std::string& why) {
  return OutputFailure(
      {Errc::rejected, why, "", "check where the output goes, and that there is room"});
}

}  // namespace

Writer::Writer(int descriptor)
    : descriptor_(descriptor),
      terminal_(isatty(descriptor) == 1),
      may_block_(may_block(descriptor)) {}

void Writer::require() const {
  if (is_usable(descriptor_)) return;
  throw OutputFailure({Errc::rejected, "standard output is closed; nothing was done", "",
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

// A pipe that has room has room for PIPE_BUF bytes, which it then takes without blocking.
long Writer::write_some(std::string_view bytes) const {
  if (!may_block_) return ::write(descriptor_, bytes.data(), bytes.size());
  const auto start = SteadyClock::now();
  const auto enough = [&] {
    return interrupted() && SteadyClock::now() - start > patience_when_interrupted;
  };
  if (!wait_for_room(descriptor_, enough)) {
    throw OutputFailure({Errc::cancelled, "interrupted, and nobody reads the output", "",
                         "read what it writes, or send it to a file"});
  }
  return ::write(descriptor_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
}

void Writer::flush() {
  const std::string pending = std::exchange(buffer_, {});
  std::string_view left = pending;
  if (!left.empty() && !is_usable(descriptor_)) throw output_failure("it is closed");
  while (!left.empty()) {
    const long n = write_some(left);
    if (n >= 0) {
      left.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EPIPE) {
      throw ClosedPipe{};
    } else if (errno != EINTR && errno != EAGAIN) {
      throw output_failure(std::system_category().message(errno));
    }
  }
}

}  // namespace cachekit::cli
