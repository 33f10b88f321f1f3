#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace cachekit::memcached {

/// Appends command lines. Cost: the memory for a command is made room for once.
class LineWriter {
 public:
  /// `bytes` is what the command holds besides its words and numbers: key and value.
  LineWriter(std::string& out, std::size_t bytes) : out_(out) {
    constexpr std::size_t words_and_numbers = 96;
    const std::size_t most = out.size() + bytes + words_and_numbers;
    // At least twice as much as before, so that many commands one by one do not copy each other.
    if (most > out.capacity()) out.reserve(std::max(most, 2 * out.capacity()));
  }

  LineWriter& operator<<(std::string_view text) {
    out_ += text;
    return *this;
  }

  LineWriter& operator<<(std::integral auto number) {
    std::array<char, 24> text;
    char* end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    out_.append(text.data(), end);
    return *this;
  }

 private:
  std::string& out_;
};

}  // namespace cachekit::memcached
