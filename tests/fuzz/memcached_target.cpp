// The input: two bytes for two commands whose replies come in turn, one for the dialect (bit 0),
// the number of cuts (bits 1 and 2) and the key (bit 3), two bytes for each cut, then what a server
// sends.

#include "input.hpp"
#include "memcached/reply_decoder.hpp"
#include "properties.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace {

using namespace cachekit;
using fuzz::Answer;
using memcached::Command;
using memcached::Dialect;
using memcached::Verb;

std::string text_of(const Error& error) {
  return fmt::format("{}:{}:{}", to_string(error.code), error.message, error.hint);
}

class Subject {
 public:
  Subject(const std::array<Command, 2>& commands, Dialect dialect, std::size_t first)
      : commands_(commands), dialect_(dialect), turn_(first) {}

  void feed(std::string_view bytes) { decoder_.feed(bytes); }
  [[nodiscard]] bool idle() const { return decoder_.idle(); }

  Answer next() {
    const Result<bool> complete = decoder_.advance(commands_[turn_ % 2], dialect_);
    if (!complete) return {Answer::Kind::broken, text_of(complete.error())};
    if (!*complete) return {};
    ++turn_;
    const Result<memcached::Reply> reply = decoder_.take();
    if (!reply) return {Answer::Kind::reply, "error: " + text_of(reply.error())};
    return {Answer::Kind::reply, fmt::format("{}:{}:{}:{}", static_cast<int>(reply->status),
                                             reply->seconds, reply->number, reply->value)};
  }

 private:
  std::array<Command, 2> commands_;
  Dialect dialect_;
  std::size_t turn_;
  memcached::ReplyDecoder decoder_{};
};

Command command(std::uint8_t choice, std::string_view key) {
  constexpr std::uint8_t verbs = static_cast<std::uint8_t>(Verb::flush_all) + 1;
  return {.verb = static_cast<Verb>(choice % verbs), .key = key};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t first = input.byte();
  const std::uint8_t second = input.byte();
  const std::uint8_t choices = input.byte();
  const std::string_view key = (choices & 8U) != 0 ? "user:1" : "k";
  const std::array commands{command(first, key), command(second, key)};
  const Dialect dialect = (choices & 1U) != 0 ? Dialect::classic : Dialect::meta;
  const std::vector<std::size_t> cuts = input.cuts(choices >> 1U & 3U);
  fuzz::check_decoder([&](std::size_t turn) { return Subject(commands, dialect, turn); },
                      input.rest(), cuts, {.per_byte = 64});
  return 0;
}
