#include "load/key_space.hpp"

#include <cachekit/runtime.hpp>

#include <fmt/format.h>

namespace cachekit::cli {

std::uint64_t draw_run() { return Runtime::current().random(); }

KeySpace::KeySpace(std::uint64_t run)
    : run_(run), prefix_(fmt::format("cachekit-bench:{:08x}:", run & 0xFFFFFFFFU)) {}

}  // namespace cachekit::cli
