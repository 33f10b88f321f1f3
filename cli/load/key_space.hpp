#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// A number that no other run has drawn.
[[nodiscard]] std::uint64_t draw_run();

/// The keys of one run: "cachekit-bench:RUN:NUMBER", or a name in the number's place. Runs never
/// share a key, so none can remove or answer for another's.
class KeySpace {
 public:
  explicit KeySpace(std::uint64_t run);

  [[nodiscard]] std::uint64_t run() const noexcept { return run_; }

  /// Writes the key of this number into `buffer`. Lifetime: until the buffer changes.
  std::string_view key(std::uint64_t number, std::string& buffer) const {
    buffer.assign(prefix_);
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return buffer.append(digits, end);
  }
  std::string_view named(std::string_view name, std::string& buffer) const {
    return buffer.assign(prefix_).append(name);
  }

 private:
  std::uint64_t run_;
  std::string prefix_;
};

}  // namespace cachekit::cli
