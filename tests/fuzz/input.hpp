#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace cachekit::fuzz {

/// The bytes that a fuzzer made up: choices first, then the stream that the peer sends.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  /// The next byte, or 0 at the end.
  [[nodiscard]] std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto taken = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return taken;
  }

  /// `count` places, in order, at which to cut what is left after them.
  [[nodiscard]] std::vector<std::size_t> cuts(std::size_t count) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t high = byte();
      places.push_back(high << 8U | byte());
    }
    for (std::size_t& place : places) place %= rest_.size() + 1;
    std::ranges::sort(places);
    return places;
  }

  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace cachekit::fuzz
