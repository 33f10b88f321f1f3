#include "memcached/line_buffer.hpp"

#include <algorithm>

namespace cachekit::memcached {

void LineBuffer::feed(std::string_view bytes) {
  bytes_.erase(0, at_);
  at_ = 0;
  bytes_ += bytes;
}

Result<std::optional<std::string_view>> LineBuffer::line() {
  constexpr std::size_t longest = 2048;
  const std::string_view rest = std::string_view(bytes_).substr(at_);
  const std::size_t end = rest.substr(0, longest).find("\r\n");
  if (end == std::string_view::npos) {
    if (rest.size() < longest) return std::nullopt;
    return fail(Errc::protocol, "the peer sent a line without end", {},
                "check that a memcached server listens there");
  }
  at_ += end + 2;
  return rest.substr(0, end);
}

std::string_view LineBuffer::block(std::size_t most) noexcept {
  const std::string_view taken = std::string_view(bytes_).substr(at_, most);
  at_ += taken.size();
  return taken;
}

}  // namespace cachekit::memcached
