#include "memcached/key.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

namespace cachekit::memcached {

namespace {

// A byte of the same value in each of the eight.
constexpr std::uint64_t repeated(std::uint8_t byte) { return ~std::uint64_t{0} / 255 * byte; }

// Not 0 when one of eight bytes is below 0x21 or is 0x7f: a subtraction that borrows sets the top
// bit of a byte that did not have it.
constexpr std::uint64_t special_bytes(std::uint64_t eight) {
  const std::uint64_t deletes = eight ^ repeated(0x7f);
  const std::uint64_t below = (eight - repeated(0x21)) & ~eight;
  const std::uint64_t equal = (deletes - repeated(0x01)) & ~deletes;
  return (below | equal) & repeated(0x80);
}

std::uint64_t eight_bytes(const char* at) {
  std::uint64_t eight = 0;
  std::memcpy(&eight, at, sizeof eight);
  return eight;
}

}  // namespace

bool needs_base64(std::string_view key) noexcept {
  if (key.size() < 8) {
    return std::ranges::any_of(key, [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte <= 0x20 || byte == 0x7f;
    });
  }
  const std::size_t last = key.size() - 8;
  for (std::size_t at = 0; at < last; at += 8) {
    if (special_bytes(eight_bytes(key.data() + at)) != 0) return true;
  }
  return special_bytes(eight_bytes(key.data() + last)) != 0;
}

Result<void> check_key(std::string_view key) {
  if (key.empty()) return fail(Errc::invalid_argument, "the key is empty");
  if (key.size() > max_key_bytes) {
    return fail(
        Errc::invalid_argument,
        fmt::format("the key has {} bytes; memcached takes at most {}", key.size(), max_key_bytes),
        {}, "shorten the key, or store under a hash of it");
  }
  if (key.size() > max_binary_key_bytes && needs_base64(key)) {
    return fail(Errc::invalid_argument,
                fmt::format("the key has {} bytes, some of them spaces or control bytes; memcached "
                            "takes at most {} of such a key",
                            key.size(), max_binary_key_bytes),
                {}, "shorten the key, or leave spaces and control bytes out");
  }
  return {};
}

void append_base64(std::string_view bytes, std::string& out) {
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8U | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= group.size() ? alphabet[bits >> (18U - 6U * i) & 63U] : '=';
    }
  }
}

}  // namespace cachekit::memcached
