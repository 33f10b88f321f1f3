#pragma once

#include <cachekit/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::cli {

/// Whether an error is about one item: the next one may well pass.
[[nodiscard]] bool blames_item(const Error& error) noexcept;

/// Keys that a command passes over, each with the reason.
class LeftOut {
 public:
  void add(std::string_view key, const Error& error);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// The first ten: "'a' (WRONGTYPE ...), base64:/w== (...), and 3 more".
  [[nodiscard]] std::string text() const;
  /// What helps, where a server had a reason other than what the keys hold; else empty.
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }

 private:
  std::uint64_t count_ = 0;
  std::vector<std::string> named_;
  std::string hint_;
};

}  // namespace cachekit::cli
