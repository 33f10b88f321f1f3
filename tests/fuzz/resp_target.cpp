// The input: one byte for the number of cuts (0 to 3) and, by its highest bit, for limits that are
// soon passed; two bytes for each cut; then what a server sends.

#include "input.hpp"
#include "properties.hpp"
#include "redis/dropped_reply.hpp"
#include "redis/resp_decoder.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace {

using namespace cachekit;
using fuzz::Answer;
using Type = RedisReply::Type;

std::string text_of(const RedisReply& reply) {
  std::string text =
      fmt::format("{}:{}:{}[", static_cast<int>(reply.type), reply.integer, reply.text);
  for (const RedisReply& element : reply.elements) text += text_of(element);
  return text + "]";
}

// Takes from `wire` what says this in RESP, or tells that something else stands there. There is one
// way to say it only, but for nil: lengths and numbers have no other form.
bool take_off(std::string_view& wire, const RedisReply& reply) {
  const auto take = [&wire](std::string_view expected) {
    if (!wire.starts_with(expected)) return false;
    wire.remove_prefix(expected.size());
    return true;
  };
  switch (reply.type) {
    case Type::nil:
      return take("$-1\r\n") || take("*-1\r\n");
    case Type::status:
      return take("+") && take(reply.text) && take("\r\n");
    case Type::error:
      return take("-") && take(reply.text) && take("\r\n");
    case Type::integer:
      return take(fmt::format(":{}\r\n", reply.integer));
    case Type::string:
      return take(fmt::format("${}\r\n", reply.text.size())) && take(reply.text) && take("\r\n");
    case Type::array:
      break;
  }
  if (!take(fmt::format("*{}\r\n", reply.elements.size()))) return false;
  return std::ranges::all_of(reply.elements,
                             [&wire](const RedisReply& part) { return take_off(wire, part); });
}

// Takes from `wire` one reply, whatever it says. Requires: all of it is there.
void take_off_any(std::string_view& wire) {
  for (std::uint64_t elements = 1; elements > 0; --elements) {
    const std::size_t end = wire.find("\r\n");
    fuzz::require(end != std::string_view::npos && end > 0, "a reply that was dropped is one");
    std::int64_t number = 0;
    std::from_chars(wire.data() + 1, wire.data() + end, number);
    const char kind = wire.front();
    wire.remove_prefix(end + 2);
    if (number <= 0 && !(kind == '$' && number == 0)) continue;
    if (kind == '*') elements += static_cast<std::uint64_t>(number);
    if (kind != '$') continue;
    const auto size = static_cast<std::size_t>(number) + 2;
    fuzz::require(size <= wire.size(), "a reply that was dropped is complete");
    wire.remove_prefix(size);
  }
}

class Subject {
 public:
  explicit Subject(const redis::ReplyLimits& limits)
      : decoder_(std::make_unique<redis::RespDecoder>(limits)) {}

  void feed(std::string_view bytes) {
    decoder_->feed(bytes);
    wire_ += bytes;
  }
  [[nodiscard]] bool idle() const { return decoder_->idle(); }

  Answer next() {
    Result<std::optional<RedisReply>> found = decoder_->next();
    if (!found) return {Answer::Kind::broken, std::string(to_string(found.error().code))};
    if (!*found) return {};
    std::string_view rest = wire_;
    if ((*found)->is_error() && redis::error_of_dropped((*found)->text, {})) {
      take_off_any(rest);
    } else {
      fuzz::require(take_off(rest, **found), "a reply is exactly what was sent");
    }
    fuzz::require(idle() == rest.empty(), "idle exactly when every byte is in a reply");
    wire_.erase(0, wire_.size() - rest.size());
    return {Answer::Kind::reply, text_of(**found)};
  }

 private:
  std::unique_ptr<redis::RespDecoder> decoder_;
  std::string wire_{};  // Fed, and in no reply yet.
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t first = input.byte();
  const std::vector<std::size_t> cuts = input.cuts(first % 4U);
  redis::ReplyLimits limits;
  if (first >= 0x80) limits = {.nesting = 10, .bytes = 100, .line = 20, .elements = 12};
  // An element of three bytes takes a `RedisReply`, in a vector that doubles.
  fuzz::check_decoder([&limits](std::size_t) { return Subject(limits); }, input.rest(), cuts,
                      {.per_byte = sizeof(RedisReply) * 2});
  return 0;
}
