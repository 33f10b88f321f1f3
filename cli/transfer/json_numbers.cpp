#include "transfer/json_numbers.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace cachekit::cli {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool may_be_in_number(char c) {
  return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// How many digits there are at `at`.
std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (at + count < text.size() && is_digit(text[at + count])) ++count;
  return count;
}

// RFC 8259, section 6.
bool is_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = digits_at(text, at);
  if (whole == 0 || (whole > 1 && text[at] == '0')) return false;
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const std::size_t part = digits_at(text, ++at);
    if (part == 0) return false;
    at += part;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = digits_at(text, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == text.size();
}

// Where the string that begins at `at` has ended.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

}  // namespace

std::vector<std::string> take_out_numbers(std::string& json) {
  std::vector<std::string> numbers;
  std::size_t depth = 0;
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (c == '"') {
      at = end_of_string(json, at);
    } else if (c == '-' || is_digit(c)) {
      std::size_t end = at;
      while (end < json.size() && may_be_in_number(json[end])) ++end;
      const std::string_view number = std::string_view(json).substr(at, end - at);
      if (is_number(number)) {
        if (depth == 1) numbers.emplace_back(number);
        std::fill_n(json.begin() + static_cast<std::ptrdiff_t>(at), end - at, ' ');
        json[at] = '0';
      }
      at = end;
    } else {
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && depth > 0) --depth;
      ++at;
    }
  }
  return numbers;
}

}  // namespace cachekit::cli
