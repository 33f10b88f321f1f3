#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cachekit::memory {

inline constexpr std::string_view snapshot_magic = "CKSNAP\x1a\n";
inline constexpr std::uint32_t snapshot_version = 2;
inline constexpr std::uint32_t version_without_seed = 1;
inline constexpr std::size_t snapshot_header_bytes = 8 + 4 + 8;
inline constexpr std::size_t snapshot_seed_bytes = 8 + 8;       ///< Behind the header.
inline constexpr std::size_t snapshot_entry_bytes = 8 + 4 + 8;  ///< Before key and value.
inline constexpr std::size_t snapshot_checksum_bytes = 4;

template <typename Unsigned>
void append_little_endian(std::string& out, Unsigned number) {
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    out.push_back(static_cast<char>((number >> (8 * i)) & 0xffU));
  }
}

template <typename Unsigned>
[[nodiscard]] Unsigned read_little_endian(std::string_view bytes) noexcept {
  Unsigned number = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    number |= static_cast<Unsigned>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return number;
}

/// Carries a CRC-32 on over more bytes; starts from 0.
[[nodiscard]] std::uint32_t continue_crc32(std::uint32_t crc, std::string_view bytes) noexcept;

}  // namespace cachekit::memory
