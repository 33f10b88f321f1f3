#include "transfer/json_array.hpp"

#include <optional>

namespace cachekit::cli {

JsonArray::JsonArray(ByteStream& stream, std::uint64_t& line) : stream_(stream), line_(line) {
  take();
}

char JsonArray::take() {
  const char byte = stream_.next().value_or('\0');
  if (byte == '\n') ++line_;
  return byte;
}

void JsonArray::skip_between() {
  while (const std::optional<char> byte = stream_.peek()) {
    const bool between =
        *byte == ' ' || *byte == '\t' || *byte == '\r' || *byte == '\n' || *byte == ',';
    if (!between) return;
    take();
  }
}

JsonArray::Found JsonArray::next(std::string& text, std::size_t limit, bool& too_long,
                                 std::uint64_t& begins) {
  skip_between();
  begins = line_;
  if (!stream_.peek()) return Found::cut_off;
  if (stream_.peek() == ']') {
    take();
    return Found::end;
  }
  std::size_t depth = 0;
  bool in_string = false;
  bool escaped = false;
  while (const std::optional<char> byte = stream_.peek()) {
    if (depth == 0 && !in_string && (*byte == ',' || *byte == ']')) return Found::element;
    const bool closes = !in_string && depth > 0 && (*byte == ']' || *byte == '}');
    if (text.size() < limit) {
      text += take();
    } else {
      too_long = true;
      take();
    }
    if (in_string) {
      in_string = escaped || *byte != '"';
      escaped = !escaped && *byte == '\\';
      continue;
    }
    in_string = *byte == '"';
    if (*byte == '[' || *byte == '{') ++depth;
    if (closes && --depth == 0) return Found::element;
  }
  return Found::cut_off;
}

}  // namespace cachekit::cli
