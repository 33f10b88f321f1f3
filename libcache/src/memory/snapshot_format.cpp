#include "memory/snapshot_format.hpp"

#include <zlib.h>

namespace cachekit::memory {

std::uint32_t continue_crc32(std::uint32_t crc, std::string_view bytes) noexcept {
  return static_cast<std::uint32_t>(
      crc32_z(crc, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace cachekit::memory
