#include "redis/resp_encoder.hpp"

#include <array>
#include <charconv>
#include <cstddef>

namespace cachekit::redis {
namespace {

void append_header(std::string& out, char kind, std::size_t number) {
  std::array<char, 24> text;
  char* end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out += kind;
  out.append(text.data(), end);
  out += "\r\n";
}

}  // namespace

void append_command(std::string& out, std::span<const std::string_view> arguments) {
  append_header(out, '*', arguments.size());
  for (const std::string_view argument : arguments) {
    append_header(out, '$', argument.size());
    out += argument;
    out += "\r\n";
  }
}

}  // namespace cachekit::redis
