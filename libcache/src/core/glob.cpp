#include "core/glob.hpp"

#include <utility>

namespace cachekit::core {
namespace {

// Matches one byte against the class that follows '[' at `at`; leaves `at` behind its ']'. An
// unclosed class ends with the pattern.
bool class_matches(std::string_view pattern, std::size_t& at, char byte) noexcept {
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    auto low = static_cast<unsigned char>(pattern[at]);
    auto high = low;
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      at += 2;
      high = static_cast<unsigned char>(pattern[at]);
      if (high < low) std::swap(low, high);
    }
    const auto value = static_cast<unsigned char>(byte);
    found = found || (low <= value && value <= high);
    ++at;
  }
  if (at < pattern.size()) ++at;
  return found != negated;
}

// Matches one byte against the element at `at`, which is no '*'; leaves `at` behind the element.
bool element_matches(std::string_view pattern, std::size_t& at, char byte) noexcept {
  const char element = pattern[at++];
  if (element == '?') return true;
  if (element == '[') return class_matches(pattern, at, byte);
  if (element == '\\' && at < pattern.size()) return pattern[at++] == byte;
  return element == byte;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) noexcept {
  constexpr std::size_t none = std::string_view::npos;
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = none;    // Where the pattern goes on after the last '*'.
  std::size_t star_text = 0;  // The text that this '*' has not yet taken.
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    std::size_t after = p;
    if (p < pattern.size() && element_matches(pattern, after, text[t])) {
      p = after;
      ++t;
      continue;
    }
    if (star == none) return false;
    p = star;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace cachekit::core
