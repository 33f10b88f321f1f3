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
    const std::size_t first = std::min(first_room, std::max(least, 32 * wanted));
    text_.reserve(std::min(whole(), std::max({first, wanted, 2 * text_.capacity()})));
  }
  text_.append(bytes);
  return bytes.size();
}

std::string LongString::text() && noexcept {
  text_.resize(size_);
  return std::move(text_);
}

}  // namespace cachekit::redis
