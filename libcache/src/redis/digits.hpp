#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <string_view>

namespace cachekit::redis {

/// A whole number in digits, without a string for it.
class Digits {
 public:
  explicit Digits(std::integral auto number) noexcept
      : text_{}, end_(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr) {}
  Digits(const Digits&) = delete;
  Digits& operator=(const Digits&) = delete;
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), end_}; }

 private:
  std::array<char, 24> text_;
  const char* end_;
};

}  // namespace cachekit::redis
