#include "transfer/byte_stream.hpp"

#include "transfer/standard_descriptors.hpp"
#include "transfer/wait_for.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t buffer_bytes = 256U << 10U;

// Closes what it opened, never standard input.
struct Descriptor {
  int fd;
  bool owned;
  Descriptor(int number, bool own) : fd(number), owned(own) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (owned) ::close(fd);
  }
};

tl::unexpected<Error> cannot(std::string_view what, const std::string& path, int number) {
  return fail(Errc::invalid_argument,
              fmt::format("cannot {} {}: {}", what, path, std::strerror(number)), {},
              "check the path and its permissions");
}

}  // namespace

Result<ReadSome> open_input(const std::string& path, std::function<bool()> interrupted) {
  const bool standard = path == "-";
  if (standard ? !is_usable(STDIN_FILENO) : names_closed_descriptor(path)) {
    return fail(Errc::rejected,
                fmt::format("cannot read {}: it is closed", standard ? "standard input" : path), {},
                "give it a file or a pipe, as in: cachekit ... - < FILE");
  }
  // Without O_NONBLOCK the opening of a named pipe would wait for its other end.
  const int fd = standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return cannot("open", path, errno);
  auto held = std::make_shared<Descriptor>(fd, !standard);
  struct stat status {};
  if (::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) return cannot("read", path, EISDIR);

  return ReadSome(
      [held, path, stop = std::move(interrupted)](std::span<char> into) -> Result<std::size_t> {
        while (wait_for_input(held->fd, stop)) {
          const ssize_t got = ::read(held->fd, into.data(), into.size());
          if (got >= 0) return static_cast<std::size_t>(got);
          if (errno != EINTR && errno != EAGAIN) return cannot("read", path, errno);
        }
        return fail(Errc::cancelled, "interrupted");
      });
}

ByteStream::ByteStream(ReadSome read) : read_(std::move(read)), buffer_(buffer_bytes) {}

bool ByteStream::fill() {
  if (at_end_) return false;
  Result<std::size_t> got = read_(buffer_);
  begin_ = 0;
  end_ = got.value_or(0);
  at_end_ = end_ == 0;
  if (!got) error_ = std::move(got.error());
  return !at_end_;
}

std::optional<char> ByteStream::peek() {
  if (begin_ == end_ && !fill()) return std::nullopt;
  return buffer_[begin_];
}

std::optional<char> ByteStream::next() {
  const std::optional<char> byte = peek();
  if (byte) {
    ++begin_;
    ++taken_;
  }
  return byte;
}

bool ByteStream::read_line(std::string& line, std::size_t limit, bool& too_long) {
  if (!peek()) return false;
  while (peek()) {
    const char* const begin = buffer_.data() + begin_;
    const char* const end = buffer_.data() + end_;
    const char* const newline = std::find(begin, end, '\n');
    const auto length = static_cast<std::size_t>(newline - begin);
    const std::size_t room = limit - line.size();
    line.append(begin, std::min(length, room));
    too_long = too_long || length > room;
    const std::size_t used = length + (newline == end ? 0 : 1);
    begin_ += used;
    taken_ += used;
    if (newline != end) return true;
  }
  return true;
}

}  // namespace cachekit::cli
