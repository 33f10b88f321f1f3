#include "redis/lease_key.hpp"

#include <array>
#include <cstddef>

namespace cachekit::redis {
namespace {

// Of a key that has a tag, of one around which it is made (else `a` and `{a}` shared a lease), and
// of one for which one is found.
constexpr std::string_view tagged_suffix = ":cachekit-lease-of-tagged";
constexpr std::string_view lease_suffix = ":cachekit-lease";
constexpr std::string_view braced_suffix = ":cachekit-lease-of-braced";

constexpr unsigned polynomial = 0x1021;  // CRC16 (XMODEM), of which a slot has the low 14 bits.
constexpr unsigned slots = 1U << 14U;

constexpr unsigned shifted(unsigned crc) noexcept {
  for (int bit = 0; bit < 8; ++bit) crc = (crc << 1U) ^ ((crc & 0x8000U) != 0 ? polynomial : 0);
  return crc & 0xffffU;
}

constexpr unsigned crc16(std::string_view bytes) noexcept {
  unsigned crc = 0;
  for (const char c : bytes) crc = shifted(crc ^ (static_cast<unsigned char>(c) * 256U));
  return crc;
}

// Back over one zero byte: the polynomial is odd, so each step tells whether it was subtracted.
constexpr unsigned shifted_back(unsigned crc) noexcept {
  for (int bit = 0; bit < 8; ++bit) {
    crc = (crc & 1U) != 0 ? ((crc ^ polynomial) >> 1U) | 0x8000U : crc >> 1U;
  }
  return crc;
}

// The two bytes that have this CRC. (Two bytes shifted in are XORed to what two zero bytes leave.)
constexpr std::array<char, 2> bytes_of_crc(unsigned crc) noexcept {
  const unsigned both = shifted_back(shifted_back(crc));
  return {static_cast<char>(both >> 8U), static_cast<char>(both & 0xffU)};
}

// Two bytes of the key's slot, neither of which ends a tag.
std::string tag_like(std::string_view key) {
  for (unsigned crc = crc16(key) % slots;; crc += slots) {
    const std::array<char, 2> tag = bytes_of_crc(crc);
    if ((tag[0] != '}' && tag[1] != '}') || crc + slots > 0xffffU) return {tag.begin(), tag.end()};
  }
}

// Whether a part of the key chooses its slot: what is between the first `{` and the next `}`,
// unless that is nothing. Source: the cluster specification, "Hash tags".
bool has_tag(std::string_view key) noexcept {
  const std::size_t begin = key.find('{');
  if (begin == std::string_view::npos) return false;
  const std::size_t end = key.find('}', begin);
  return end != std::string_view::npos && end > begin + 1;
}

}  // namespace

std::string lease_key(std::string_view key) {
  std::string made;
  made.reserve(key.size() + tagged_suffix.size() + 4);
  if (has_tag(key)) return made.append(key).append(tagged_suffix);
  if (key.find('}') == std::string_view::npos) {
    return made.append("{").append(key).append("}").append(lease_suffix);
  }
  return made.append("{").append(tag_like(key)).append("}").append(key).append(braced_suffix);
}

bool is_lease_key(std::string_view key) noexcept {
  return key.ends_with(lease_suffix) || key.ends_with(tagged_suffix) ||
         key.ends_with(braced_suffix);
}

}  // namespace cachekit::redis
