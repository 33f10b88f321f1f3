#include "support/reply_stream.hpp"

#include <algorithm>
#include <charconv>

namespace cachekit::test {
namespace {

// The number behind so many characters; 0 where there is none, or one below 0.
std::size_t number_in(std::string_view line, std::size_t from) {
  std::size_t number = 0;
  if (line.size() > from) std::from_chars(line.data() + from, line.data() + line.size(), number);
  return number;
}

}  // namespace

void ReplyStream::follow(std::string_view bytes) {
  while (!bytes.empty()) {
    if (skip_ > 0) {
      const std::size_t skipped = std::min(skip_, bytes.size());
      skip_ -= skipped;
      bytes.remove_prefix(skipped);
      continue;
    }
    const std::size_t end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    end_line();
    line_.clear();
  }
}

void ReplyStream::end_line() {
  if (speech_ == Speech::memcached) {
    if (line_.starts_with("VA ")) skip_ = number_in(line_, 3) + 2;
    return;
  }
  if (parts_ > 0) --parts_;
  if (line_.starts_with('*')) parts_ += number_in(line_, 1);
  if (line_.starts_with('$') && !line_.starts_with("$-")) skip_ = number_in(line_, 1) + 2;
}

}  // namespace cachekit::test
