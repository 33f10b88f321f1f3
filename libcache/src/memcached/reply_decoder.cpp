#include "memcached/reply_decoder.hpp"

#include "memcached/server_error.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::memcached {
namespace {

constexpr std::string_view line_end = "\r\n";

// The number that a block of data holds; decremented counters are padded with spaces.
Result<std::uint64_t> counter_in(std::string_view data) {
  const auto number = parse_decimal(data.substr(0, data.find(' ')));
  if (!number) return fail(Errc::protocol, "the peer answered an increment with no number");
  return *number;
}

}  // namespace

Result<bool> ReplyDecoder::advance(const Command& command, Dialect dialect) {
  under_way_ = true;
  if (broken_) return fail(*broken_);
  while (true) {
    Result<bool> moved = data_left_ > 0 ? read_data(command) : read_line(command, dialect);
    if (!moved) broken_ = moved.error();
    if (!moved || !*moved) return moved;
    if (step_.last && data_left_ == 0) return true;
  }
}

Result<Reply> ReplyDecoder::take() {
  under_way_ = false;
  step_ = {.last = false};
  return std::exchange(reply_, Reply{});
}

Result<bool> ReplyDecoder::read_line(const Command& command, Dialect dialect) {
  auto line = input_.line();
  if (!line) return fail(std::move(line).error());
  if (!*line) return false;
  if (is_error_line(**line)) return refuse(**line, command);
  const auto read = is_plain(command.verb)     ? read_plain(**line, command.verb, *reply_)
                    : dialect == Dialect::meta ? read_meta(**line, command, *reply_)
                                               : read_classic(**line, command, *reply_);
  if (!read) return fail(read.error());
  step_ = *read;
  if (step_.data_bytes) data_left_ = *step_.data_bytes + line_end.size();
  return true;
}

Result<bool> ReplyDecoder::read_data(const Command& command) {
  const std::string_view taken = input_.block(data_left_);
  if (taken.empty()) return false;
  std::string& value = reply_->value;
  data_left_ -= taken.size();
  value += taken;
  if (data_left_ > 0) return true;
  if (!value.ends_with(line_end)) {
    return fail(Errc::protocol, "the peer sent a value of another length than it announced");
  }
  value.resize(value.size() - line_end.size());
  if (command.verb == Verb::increment) {
    Result<std::uint64_t> number = counter_in(value);
    if (!number) return fail(std::move(number).error());
    reply_->number = *number;
  }
  return true;
}

// A server that refuses the line of a store may go on to read the value as commands. So that no
// value can act as one unnoticed, and no answer to it is taken for another command's, the
// connection is given up. (It does swallow the value after SERVER_ERROR.)
Result<bool> ReplyDecoder::refuse(std::string_view line, const Command& command) {
  step_ = {};
  if (command.verb == Verb::hello && is_unknown_command(line)) {
    reply_->status = Reply::Status::missing;
    return true;
  }
  Error error = server_error(line);
  if (command.verb == Verb::store && !line.starts_with("SERVER_ERROR")) return fail(error);
  reply_ = fail(std::move(error));
  return true;
}

}  // namespace cachekit::memcached
