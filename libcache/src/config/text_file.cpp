#include "config/text_file.hpp"

#include <cachekit/units.hpp>

#include <cerrno>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

namespace cachekit::config {

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
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::invalid_argument, std::generic_category().message(errno));
  std::string text(limit + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return fail(Errc::invalid_argument, "cannot be read to its end");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > limit) {
    return fail(Errc::invalid_argument,
                fmt::format("is larger than {}", format_bytes(Bytes{limit})));
  }
  return text;
}

}  // namespace cachekit::config
