#include "redis/simple_reply.hpp"

#include <cstdint>
#include <string>

namespace cachekit::redis {
namespace {

using Type = RedisReply::Type;

constexpr std::string_view crlf = "\r\n";
constexpr std::string_view ok = "+OK\r\n";
constexpr std::string_view nil = "$-1\r\n";
// What surely fits into an int64.
constexpr std::size_t most_digits = 18;

// A number and the size of its line.
struct NumberLine {
  std::int64_t number = 0;
  std::size_t bytes = 0;
};

// Empty for "+1", "007" and "-0".
std::optional<NumberLine> number_line(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::size_t first = negative ? 1 : 0;
  std::size_t at = first;
  std::int64_t number = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    if (at - first == most_digits) return std::nullopt;
    number = number * 10 + (text[at] - '0');
  }
  if (at == first || text.substr(at, 2) != crlf) return std::nullopt;
  if (text[first] == '0' && (negative || at > first + 1)) return std::nullopt;
  return NumberLine{negative ? -number : number, at + crlf.size()};
}

}  // namespace

std::optional<StringHeader> string_header(std::string_view bytes) {
  if (!bytes.starts_with('$')) return std::nullopt;
  const std::optional<NumberLine> line = number_line(bytes.substr(1));
  if (!line || line->number < 0) return std::nullopt;
  return StringHeader{static_cast<std::size_t>(line->number), 1 + line->bytes};
}

std::optional<SimpleReply> simple_reply(std::string_view bytes) {
  if (bytes.starts_with(ok)) return SimpleReply{{.type = Type::status, .text = "OK"}, ok.size()};
  if (bytes.starts_with(nil)) return SimpleReply{{}, nil.size()};
  if (bytes.starts_with(':')) {
    const std::optional<NumberLine> line = number_line(bytes.substr(1));
    if (!line) return std::nullopt;
    return SimpleReply{{.type = Type::integer, .integer = line->number}, 1 + line->bytes};
  }
  const std::optional<StringHeader> header = string_header(bytes);
  if (!header) return std::nullopt;
  const std::string_view rest = bytes.substr(header->bytes);
  if (header->size > rest.size() || rest.substr(header->size, 2) != crlf) return std::nullopt;
  return SimpleReply{{.type = Type::string, .text = std::string(rest.substr(0, header->size))},
                     header->bytes + header->size + crlf.size()};
}

}  // namespace cachekit::redis
