#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace cachekit {

/// A password or token. It converts from text, and to text only through `reveal()`: it cannot be
/// streamed, formatted or compared by accident, so it cannot end up in a log line.
class Secret {
 public:
  Secret() = default;
  Secret(std::string text) : text_(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  Secret(const char* text) : text_(text) {}             // NOLINT(google-explicit-constructor)

  /// The text itself, for the one place that sends it. Lifetime: as long as this object.
  [[nodiscard]] std::string_view reveal() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

  friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

 private:
  std::string text_;
};

}  // namespace cachekit
