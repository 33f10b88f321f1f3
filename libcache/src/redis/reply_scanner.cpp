#include "redis/reply_scanner.hpp"

#include <algorithm>
#include <limits>

namespace cachekit::redis {
namespace {

// What no server ever sends; whoever announces it speaks something else, or replies are out of
// step. hiredis refuses such arrays, too.
constexpr std::uint64_t longest_string = std::uint64_t{1} << 34U;
constexpr std::uint64_t longest_array = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t longest_line = std::size_t{1} << 29U;  // A Redis string.
constexpr std::size_t most_openings = 10'000;
constexpr std::uint64_t largest_integer = std::numeric_limits<std::int64_t>::max();

// How many bytes the element has with which these begin, if it is a string or a number, all of it
// is there and there is nothing to doubt; or 0. Most elements are like that, and need no state.
std::size_t plain_element(std::string_view bytes) noexcept {
  constexpr std::string_view line_end = "\r\n";
  constexpr std::size_t most_digits = 18;  // What surely fits.
  const bool string = bytes.front() == '$';
  if (!string && bytes.front() != ':') return 0;
  std::size_t at = 1;
  std::uint64_t number = 0;
  for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9'; ++at) {
    number = number * 10 + static_cast<std::uint64_t>(bytes[at] - '0');
  }
  const bool sure = at > 1 && at <= most_digits + 1 && (bytes[1] != '0' || at == 2);
  if (!sure || bytes.substr(at, line_end.size()) != line_end) return 0;
  at += line_end.size();
  if (!string) return at;
  if (number > bytes.size() - at || bytes.substr(at + number, line_end.size()) != line_end)
    return 0;
  return at + number + line_end.size();
}

}  // namespace

void ReplyScanner::begin() noexcept {
  dropped_.reset();
  at_ = At::start;
  bytes_ = 0;
  ended_at_ = 0;
  openings_ = 0;
  elements_ = 0;
  depth_ = 0;
  layer_ = 0;
}

void ReplyScanner::drop(Dropped why) noexcept {
  if (dropped_) return;
  dropped_ = why;
  // Each open array but the innermost one has an element that is an open array itself.
  pending_ = depth_ == 0 ? 1 : 0;
  for (std::size_t i = 0; i < depth_; ++i) pending_ += open_[i] - (i + 1 < depth_ ? 1 : 0);
}

ReplyScanner::Step ReplyScanner::scan(std::string_view bytes) noexcept {
  const std::uint64_t before = bytes_;
  Event event = Event::more;
  while (event == Event::more && !bytes.empty()) event = step(bytes);
  return {bytes_ - before, ended_at_ > before ? ended_at_ - before : 0, event};
}

ReplyScanner::Event ReplyScanner::step(std::string_view& bytes) noexcept {
  switch (at_) {
    case At::start:
      return start(bytes);
    case At::text:
      return text(bytes);
    case At::number:
      return number(bytes);
    case At::string:
      return string(bytes);
    case At::line_end:
      break;
  }
  return line_end(bytes);
}

void ReplyScanner::use(std::string_view& bytes, std::size_t count) noexcept {
  bytes.remove_prefix(count);
  bytes_ += count;
}

ReplyScanner::Event ReplyScanner::start(std::string_view& bytes) noexcept {
  if (const std::size_t plain = plain_element(bytes)) {
    use(bytes, plain);
    return end_element();
  }
  kind_ = bytes.front();
  const bool is_text = kind_ == '+' || kind_ == '-';
  if (!is_text && kind_ != ':' && kind_ != '$' && kind_ != '*') return Event::malformed;
  if (kind_ == '*' && !dropped_) {
    if (depth_ == std::min(limits_.nesting, max_nesting)) {
      drop(Dropped::too_deep);
    } else if (depth_ / layer_depth != layer_) {
      layer_ = depth_ / layer_depth;
      return Event::descends;
    }
  }
  use(bytes, 1);
  at_ = is_text ? At::text : At::number;
  negative_ = false;
  digits_ = 0;
  number_ = 0;
  return_seen_ = false;
  line_ = 0;
  return Event::more;
}

// A text ends with a carriage return and a line feed; one without the other is a part of it.
ReplyScanner::Event ReplyScanner::text(std::string_view& bytes) noexcept {
  const bool ends = return_seen_ && bytes.front() == '\n';
  if (ends) {
    use(bytes, 1);
    return end_element();
  }
  const std::size_t found = bytes.find('\r');
  return_seen_ = found != std::string_view::npos;
  const std::size_t count = return_seen_ ? found + 1 : bytes.size();
  use(bytes, count);
  line_ += count;
  if (line_ > longest_line) return Event::malformed;
  if (line_ > limits_.line + 1) drop(Dropped::too_long);
  return Event::more;
}

ReplyScanner::Event ReplyScanner::number(std::string_view& bytes) noexcept {
  while (!bytes.empty()) {
    const char c = bytes.front();
    use(bytes, 1);
    if (return_seen_) return c == '\n' ? end_line() : Event::malformed;
    if (c == '\r') {
      return_seen_ = true;
      if (digits_ == 0) return Event::malformed;
    } else if (!digit(c)) {
      return Event::malformed;
    }
  }
  return Event::more;
}

// Numbers have one form only: no plus, no zeros in front, no more than fits.
bool ReplyScanner::digit(char c) noexcept {
  if (c == '-' && digits_ == 0 && !negative_) {
    negative_ = true;
    return true;
  }
  if (c < '0' || c > '9') return false;
  if (digits_ == 0 && c == '0' && negative_) return false;
  if (digits_ > 0 && number_ == 0) return false;
  const std::uint64_t largest = largest_integer + (negative_ ? 1 : 0);
  const auto value = static_cast<std::uint64_t>(c - '0');
  if (number_ > (largest - value) / 10) return false;
  number_ = number_ * 10 + value;
  ++digits_;
  return true;
}

ReplyScanner::Event ReplyScanner::end_line() noexcept {
  if (kind_ == ':') return end_element();
  if (negative_) return number_ == 1 ? end_element() : Event::malformed;
  return kind_ == '$' ? begin_string() : begin_array();
}

ReplyScanner::Event ReplyScanner::begin_string() noexcept {
  if (number_ > longest_string) return Event::malformed;
  if (bytes_ + number_ > limits_.bytes) drop(Dropped::too_long);
  left_ = number_;
  at_ = left_ > 0 ? At::string : At::line_end;
  return_seen_ = false;
  return Event::more;
}

ReplyScanner::Event ReplyScanner::begin_array() noexcept {
  if (number_ > longest_array) return Event::malformed;
  if (number_ == 0) return end_element();
  if (++openings_ > most_openings) return Event::malformed;
  elements_ += number_;
  if (elements_ > limits_.elements) drop(Dropped::too_many);
  ended_at_ = bytes_;  // For whoever keeps it, the header is something to take in.
  at_ = At::start;
  if (dropped_) {
    pending_ += number_ - 1;
  } else {
    open_[depth_++] = number_;
  }
  return Event::more;
}

ReplyScanner::Event ReplyScanner::string(std::string_view& bytes) noexcept {
  const std::uint64_t count = std::min<std::uint64_t>(left_, bytes.size());
  use(bytes, count);
  left_ -= count;
  if (left_ == 0) at_ = At::line_end;
  return Event::more;
}

ReplyScanner::Event ReplyScanner::line_end(std::string_view& bytes) noexcept {
  const char c = bytes.front();
  use(bytes, 1);
  if (c != (return_seen_ ? '\n' : '\r')) return Event::malformed;
  if (return_seen_) return end_element();
  return_seen_ = true;
  return Event::more;
}

ReplyScanner::Event ReplyScanner::end_element() noexcept {
  at_ = At::start;
  openings_ = 0;
  ended_at_ = bytes_;
  if (bytes_ > limits_.bytes) drop(Dropped::too_long);
  if (dropped_) return --pending_ == 0 ? Event::complete : Event::more;
  while (depth_ > 0 && --open_[depth_ - 1] == 0) --depth_;
  if (depth_ == 0) return Event::complete;
  const std::size_t innermost = (depth_ - 1) / layer_depth;
  if (innermost == layer_) return Event::more;
  layer_ = innermost;
  return Event::ascends;
}

}  // namespace cachekit::redis
