#include "transfer/whole_number.hpp"

#include <charconv>

#include <fmt/format.h>

namespace cachekit::cli {

Result<std::uint64_t> parse_whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc{} && stopped == end) return number;
  return fail(Errc::invalid_argument, fmt::format("'{}' is not a whole number", text));
}

}  // namespace cachekit::cli
