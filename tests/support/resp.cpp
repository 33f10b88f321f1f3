#include "support/resp.hpp"

#include <charconv>
#include <cstddef>
#include <stdexcept>

namespace cachekit::test {
namespace {

// The number of a line such as "*3\r\n"; empty when the line is not there as a whole.
std::optional<std::size_t> take_count(std::string_view& bytes, char type) {
  const std::size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  std::size_t count = 0;
  const auto [after, error] = std::from_chars(bytes.data() + 1, bytes.data() + end, count);
  if (bytes.front() != type || error != std::errc() || after != bytes.data() + end) {
    throw std::runtime_error("no command: \"" + std::string(bytes.substr(0, 40)) + "\"");
  }
  bytes.remove_prefix(end + 2);
  return count;
}

}  // namespace

std::optional<Command> take_command(std::string_view& bytes) {
  std::string_view rest = bytes;
  const auto count = take_count(rest, '*');
  if (!count) return std::nullopt;
  Command command;
  for (std::size_t i = 0; i < *count; ++i) {
    const auto size = take_count(rest, '$');
    if (!size || rest.size() < *size + 2) return std::nullopt;
    command.emplace_back(rest.substr(0, *size));
    rest.remove_prefix(*size + 2);
  }
  bytes = rest;
  return command;
}

std::string bulk_reply(std::string_view value) {
  return "$" + std::to_string(value.size()) + "\r\n" + std::string(value) + "\r\n";
}

}  // namespace cachekit::test
