#include "transfer/behind_member.hpp"

#include <algorithm>
#include <cstddef>

namespace cachekit::cli {

std::optional<Decompressor::Step> BehindMember::step(std::span<const char> in, bool at_end) {
  if (in.empty()) return Decompressor::Step{.ended = at_end};
  if (in.front() == '\0') {
    padded_ = true;
    const auto data = std::ranges::find_if(in, [](char byte) { return byte != '\0'; });
    return Decompressor::Step{.taken = static_cast<std::size_t>(data - in.begin())};
  }
  if (!padded_ && in.front() == begins_) return std::nullopt;
  return Decompressor::Step{.problem = "something else follows its end"};
}

}  // namespace cachekit::cli
