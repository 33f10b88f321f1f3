#pragma once

#include "load/random.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::bench {

inline constexpr std::size_t key_size = 16;
inline constexpr std::size_t value_size = 128;

/// Keys of 16 bytes, "key:000000000042": the very ones that `redis-benchmark -r` asks for.
class KeySpace {
 public:
  /// Requires: `prefix` has four bytes.
  KeySpace(std::string_view prefix, std::size_t count);

  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t number) const noexcept {
    return {keys_[number].data(), key_size};
  }

 private:
  std::vector<std::array<char, key_size>> keys_;
};

/// The value of a key: the key, over and over. So an answer to another key is noticed, by looking
/// at its ends, which costs every contestant the same few nanoseconds.
[[nodiscard]] std::string value_of(std::string_view key, std::size_t size = value_size);

/// Throws `BenchFailure` unless this is the whole value of the key.
void check_value(std::string_view key, std::string_view value, std::size_t size = value_size);

/// Which key is next; the same for every contestant.
class KeyPicker {
 public:
  explicit KeyPicker(std::size_t thread) noexcept : random_(thread + 1) {}

  /// From 0 up to but without `bound`.
  std::size_t below(std::size_t bound) noexcept { return random_.below(bound); }
  std::string_view key(const KeySpace& keys) noexcept { return keys[below(keys.size())]; }

 private:
  cli::Random random_;
};

}  // namespace cachekit::bench
