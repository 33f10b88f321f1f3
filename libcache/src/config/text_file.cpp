#include "config/text_file.hpp"

#include "core/descriptor.hpp"

#include <cachekit/units.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace cachekit::config {
namespace {

struct Descriptor {
  int number;
  explicit Descriptor(int opened) : number(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

tl::unexpected<Error> refuse() {
  return fail(Errc::invalid_argument, std::generic_category().message(errno));
}

}  // namespace

Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t limit) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return fail(Errc::invalid_argument, "no such file");
  }
  if (error) return fail(Errc::invalid_argument, error.message());
  if (std::filesystem::is_directory(status)) {
    return fail(Errc::invalid_argument, "is a directory, not a file");
  }
  const Descriptor file(core::above_standard(::open(path.c_str(), O_RDONLY | O_CLOEXEC)));
  if (file.number < 0) return refuse();
  std::string text(limit + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.number, text.data() + size, text.size() - size);
    if (got == 0) break;
    if (got < 0 && errno != EINTR) return refuse();
    size += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  }
  text.resize(size);
  if (text.size() > limit) {
    return fail(Errc::invalid_argument,
                fmt::format("is larger than {}", format_bytes(Bytes{limit})));
  }
  return text;
}

}  // namespace cachekit::config
