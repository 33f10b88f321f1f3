#include "bench/key_space.hpp"

#include <random>

#include <fmt/format.h>

namespace cachekit::cli {

std::uint64_t draw_run() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

KeySpace::KeySpace(std::uint64_t run)
    : run_(run), prefix_(fmt::format("cachekit-bench:{:08x}:", run & 0xFFFFFFFFU)) {}

}  // namespace cachekit::cli
