#include "redis/resp_encoder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace cachekit::redis {
namespace {

constexpr std::string_view line_end = "\r\n";
// The longest "\r\n$18446744073709551615\r\n".
constexpr std::size_t longest_header = 25;

// A line end, the kind, the number and a line end, which then go out in one piece: the end of what
// stands before, and the header of what follows.
class Header {
 public:
  Header(char kind, std::size_t number) {
    text_[0] = line_end[0];
    text_[1] = line_end[1];
    text_[2] = kind;
    char* end = std::to_chars(text_.data() + 3, text_.data() + text_.size() - 2, number).ptr;
    end = std::ranges::copy(line_end, end).out;
    size_ = static_cast<std::size_t>(end - text_.data());
  }

  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }
  [[nodiscard]] std::string_view without_line_ends() const {
    return text().substr(line_end.size(), size_ - 2 * line_end.size());
  }

 private:
  std::array<char, longest_header> text_;
  std::size_t size_;
};

}  // namespace

void append_command(std::string& out, std::span<const std::string_view> arguments) {
  std::size_t most = out.size() + longest_header + line_end.size();
  for (const std::string_view argument : arguments) most += longest_header + argument.size();
  // At least twice as much as before, so that many commands one by one do not copy each other.
  if (most > out.capacity()) out.reserve(std::max(most, 2 * out.capacity()));

  out += Header('*', arguments.size()).without_line_ends();
  for (const std::string_view argument : arguments) {
    out += Header('$', argument.size()).text();
    out += argument;
  }
  out += line_end;
}

}  // namespace cachekit::redis
