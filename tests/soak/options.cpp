#include "options.hpp"

#include <charconv>
#include <string_view>

namespace cachekit::soak {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value > 0 ? std::optional(value) : std::nullopt;
}

bool set(Options& options, std::string_view name, std::string_view text) {
  if (name == "--backend") {
    options.backend = text;
    return text == "redis" || text == "memcached";
  }
  const std::optional<std::uint64_t> value = number(text);
  if (!value) return false;
  const std::chrono::milliseconds time(*value);
  if (name == "--operations") options.operations = *value;
  if (name == "--threads") options.threads = static_cast<unsigned>(*value);
  if (name == "--seed") options.seed = *value;
  if (name == "--budget") options.budget = time;
  if (name == "--grace") options.grace = time;
  return name == "--operations" || name == "--threads" || name == "--seed" || name == "--budget" ||
         name == "--grace";
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc || !set(options, argv[i], argv[i + 1])) return std::nullopt;
  }
  return options;
}

}  // namespace cachekit::soak
