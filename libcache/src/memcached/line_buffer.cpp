#include "memcached/line_buffer.hpp"

namespace cachekit::memcached {

Result<std::optional<std::string_view>> LineBuffer::line() {
  constexpr std::size_t longest = 2048;
  const std::string_view rest = bytes_.view();
  const std::size_t end = rest.substr(0, longest).find("\r\n");
  if (end == std::string_view::npos) {
    if (rest.size() < longest) return std::nullopt;
    return fail(Errc::protocol, "the peer sent a line without end", {},
                "check that a memcached server listens there");
  }
  bytes_.use(end + 2);
  return rest.substr(0, end);
}

std::string_view LineBuffer::block(std::size_t most) noexcept {
  const std::string_view taken = bytes_.view().substr(0, most);
  bytes_.use(taken.size());
  return taken;
}

std::string_view LineBuffer::exactly(std::size_t count) noexcept {
  return bytes_.view().size() < count ? std::string_view() : block(count);
}

}  // namespace cachekit::memcached
