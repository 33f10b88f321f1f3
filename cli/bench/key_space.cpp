#include "bench/key_space.hpp"

#include <fmt/format.h>

namespace cachekit::cli {

KeySpace::KeySpace(std::uint64_t run)
    : run_(run), prefix_(fmt::format("cachekit-bench:{:08x}:", run & 0xFFFFFFFFU)) {}

}  // namespace cachekit::cli
