#include "memcached/reply_decoder.hpp"

#include "core/out_of_memory.hpp"
#include "memcached/error_map.hpp"
#include "memcached/reply_shape.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace cachekit::memcached {
namespace {

constexpr std::string_view line_end = "\r\n";

// The number that a block of data holds; decremented counters are padded with spaces.
Result<std::uint64_t> number_in(std::string_view data) {
  const auto number = parse_decimal(data.substr(0, data.find(' ')));
  if (!number) return fail(Errc::protocol, "the peer answered an increment with no number");
  return *number;
}

}  // namespace

// In the middle of a large value the bytes need not wait to be copied once more.
void ReplyDecoder::feed(std::string_view bytes) {
  if (broken_) return;
  if (data_left_ > 0 && input_.empty()) {
    const std::string_view now = bytes.substr(0, data_left_);
    take_data(now);
    bytes.remove_prefix(now.size());
  }
  if (!bytes.empty()) input_.feed(bytes);
}

Result<bool> ReplyDecoder::advance(const Command& command, Dialect dialect) {
  under_way_ = true;
  if (broken_) return fail(*broken_);
  while (true) {
    const Progress progress = in_data_ ? read_data(command) : read_line(command, dialect);
    if (progress == Progress::broken) return fail(*broken_);
    if (progress == Progress::more_needed) return false;
    if (last_ && !in_data_) return true;
  }
}

Result<Reply> ReplyDecoder::take() {
  under_way_ = false;
  last_ = false;
  input_.trim();
  if (refused_) {
    Error error = *std::move(refused_);
    refused_.reset();
    reply_ = {};
    return fail(std::move(error));
  }
  Result<Reply> taken(std::move(reply_));
  reply_.status = Reply::Status::pending;
  reply_.value.clear();
  reply_.seconds = -1;
  reply_.number = 0;
  reply_.version = 0;
  reply_.client_flags = 0;
  return taken;
}

ReplyDecoder::Progress ReplyDecoder::break_off(Error error) {
  broken_ = std::move(error);
  return Progress::broken;
}

ReplyDecoder::Progress ReplyDecoder::read_line(const Command& command, Dialect dialect) {
  auto line = input_.line();
  if (!line) return break_off(std::move(line).error());
  if (!*line) return Progress::more_needed;
  if (is_error_line(**line)) return refuse(**line, command, dialect);
  auto step = is_plain(command.verb)     ? read_plain(**line, command.verb, reply_)
              : dialect == Dialect::meta ? read_meta(**line, command, reply_)
                                         : read_classic(**line, command, reply_);
  if (step && !can_end(command, reply_.status)) step = unexpected_line(**line);
  if (!step) return break_off(std::move(step).error());
  last_ = step->last;
  in_data_ = step->data_bytes.has_value();
  data_left_ = step->data_bytes.value_or(0);
  return Progress::moved;
}

ReplyDecoder::Progress ReplyDecoder::read_data(const Command& command) {
  if (data_left_ > 0) {
    take_data(input_.block(data_left_));
    if (data_left_ > 0) return Progress::more_needed;
  }
  const std::string_view end = input_.exactly(line_end.size());
  if (end.empty()) return Progress::more_needed;
  if (end != line_end) {
    return break_off({Errc::protocol, "the peer sent a value of another length than it announced"});
  }
  in_data_ = false;
  if (std::exchange(dropped_, false)) {
    refused_ = out_of_memory(is_read(command.verb) ? Errc::overloaded : Errc::outcome_unknown);
  } else if (command.verb == Verb::increment) {
    Result<std::uint64_t> number = number_in(reply_.value);
    if (!number) return break_off(std::move(number).error());
    reply_.number = *number;
  }
  return Progress::moved;
}

// A value that comes in many pieces grows by what arrived, in few steps: to four times of it at
// most. One for which there is no memory is passed over: the replies behind it are others'.
void ReplyDecoder::take_data(std::string_view bytes) noexcept {
  const std::size_t left = std::exchange(data_left_, data_left_ - bytes.size());
  if (dropped_) return;
  std::string& value = reply_.value;
  const std::size_t arrived = value.size() + bytes.size();
  try {
    if (arrived > value.capacity()) value.reserve(std::min(value.size() + left, 4 * arrived));
    value += bytes;
  } catch (const std::bad_alloc&) {
    dropped_ = true;
    std::string().swap(value);
  }
}

// A server that refuses the line of a store may go on to read the value as commands. So that no
// value can act as one unnoticed, and no answer to it is taken for another command's, the
// connection is given up. (It does swallow the value after SERVER_ERROR.) So it is after what no
// server says to the command.
ReplyDecoder::Progress ReplyDecoder::refuse(std::string_view line, const Command& command,
                                            Dialect dialect) {
  last_ = true;
  if (command.verb == Verb::probe && is_unknown_command(line)) {
    reply_.status = Reply::Status::missing;
    return Progress::moved;
  }
  Error error = server_error(line);
  const bool value_may_follow = carries_value(command) && !line.starts_with("SERVER_ERROR");
  if (value_may_follow || !can_refuse(command, dialect, line)) return break_off(std::move(error));
  refused_ = std::move(error);
  return Progress::moved;
}

}  // namespace cachekit::memcached
