#include "load/key_space.hpp"

#include <memory>
#include <random>

#include <fmt/format.h>

namespace cachekit::cli {

std::uint64_t draw_run() {
  const auto device = std::make_unique<std::random_device>();  // 5 KB.
  return std::uint64_t{(*device)()} << 32U | (*device)();
}

KeySpace::KeySpace(std::uint64_t run)
    : run_(run), prefix_(fmt::format("cachekit-bench:{:08x}:", run & 0xFFFFFFFFU)) {}

}  // namespace cachekit::cli
