#include "redis/long_string.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::redis {
namespace {

constexpr std::size_t first_room = (std::size_t{1} << 20U) + 2;

}  // namespace

std::size_t LongString::take(std::string_view bytes) {
  bytes = bytes.substr(0, whole() - text_.size());
  const std::size_t wanted = text_.size() + bytes.size();
  if (wanted > text_.capacity()) {
    text_.reserve(std::min(whole(), std::max({first_room, wanted, 2 * text_.capacity()})));
  }
  text_.append(bytes);
  return bytes.size();
}

std::optional<std::string> LongString::text() && {
  if (!text_.ends_with("\r\n")) return std::nullopt;
  text_.resize(size_);
  return std::move(text_);
}

}  // namespace cachekit::redis
