#include "config/secret_file.hpp"

#include "config/apply.hpp"
#include "config/text_file.hpp"

#include <fmt/format.h>

namespace cachekit::config {
namespace {

constexpr std::string_view key = "redis.password_file";
constexpr std::size_t longest = std::size_t{1} << 16U;

tl::unexpected<Error> refuse(const Settings& settings, std::string_view why) {
  std::string place(origin_of(settings, key));
  if (!place.empty()) place += ": ";
  return fail(Errc::invalid_argument,
              fmt::format("{}{}: {}: {}", place, key, settings.redis_password_file.string(), why),
              {},
              "write the password into the first line of that file, readable by this user alone");
}

}  // namespace

Result<void> read_password_file(Settings& settings) {
  if (settings.redis_password_file.empty()) return {};
  const Result<std::string> text = read_text_file(settings.redis_password_file, longest);
  if (!text) return refuse(settings, text.error().message);
  std::string_view line = std::string_view(*text).substr(0, text->find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return refuse(settings, "the first line is empty");
  settings.redis.password = Secret(std::string(line));
  return {};
}

}  // namespace cachekit::config
