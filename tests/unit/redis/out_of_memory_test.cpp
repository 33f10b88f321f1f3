// What becomes of replies when there is no memory for one of them.

#include "redis/dropped_reply.hpp"
#include "redis/error_map.hpp"
#include "redis/resp_decoder.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "unit/redis/decoded_text.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace cachekit;
using namespace cachekit::redis;
using cachekit::test::FailingAllocation;
using cachekit::test::Scope;

namespace {

std::string string_of(std::size_t bytes, char what) {
  return '$' + std::to_string(bytes) + "\r\n" + std::string(bytes, what) + "\r\n";
}

std::string array_of(std::size_t depth, const std::string& element) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += "*2\r\n" + element;
  return text + element;
}

const std::vector<std::string> replies{string_of(100, 'a'),
                                       string_of(50'000, 'b'),
                                       array_of(20, string_of(40, 'c')),
                                       ":1\r\n",
                                       "-ERR an error that is no short one\r\n",
                                       "*2\r\n" + string_of(30'000, 'd') + "*0\r\n",
                                       string_of(3'000, 'e'),
                                       "+a status that is no short one\r\n"};

std::string stream() {
  std::string all;
  for (const std::string& reply : replies) all += reply;
  return all;
}

std::vector<std::string> expected() {
  std::vector<std::string> texts;
  RespDecoder decoder;
  decoder.feed(stream());
  while (auto reply = *decoder.next()) texts.push_back(text_of(*reply));
  return texts;
}

struct Outcome {
  std::vector<RedisReply> replies{};
  std::optional<Errc> broken{};
  bool any_after = false;  // A reply after the error.
  bool happened = false;
};

// Feeds the stream in pieces of a size, with one allocation failing and `more` behind it.
Outcome decode(std::size_t piece, std::size_t number, std::size_t more) {
  const std::string bytes = stream();
  Outcome outcome;
  outcome.replies.reserve(100);
  RespDecoder decoder;
  const FailingAllocation failure(Scope::thread, number, more);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    decoder.feed(std::string_view(bytes).substr(at, piece));
    while (true) {
      Result<std::optional<RedisReply>> reply = decoder.next();
      if (reply && !*reply) break;
      if (reply && outcome.broken) outcome.any_after = true;
      if (reply) outcome.replies.push_back(**std::move(reply));
      if (!reply) outcome.broken = reply.error().code;
      if (!reply) break;
    }
  }
  outcome.happened = failure.happened();
  return outcome;
}

}  // namespace

TEST_CASE("a reply for which there is no memory is an error in its place, and no other suffers",
          "[redis]") {
  const std::vector<std::string> right = expected();
  REQUIRE(right.size() == replies.size());
  const std::size_t piece = GENERATE(1U, 7U, 1'000U, 65'536U, 1'000'000U);
  const std::size_t more = GENERATE(0U, 1U, 3U, 50U);
  std::size_t dropped = 0;
  std::size_t broken = 0;
  for (std::size_t number = 1;; ++number) {
    CAPTURE(piece, more, number);
    const Outcome outcome = decode(piece, number, more);
    REQUIRE_FALSE(outcome.any_after);
    REQUIRE(outcome.replies.size() <= right.size());
    for (std::size_t i = 0; i < outcome.replies.size(); ++i) {
      const RedisReply& reply = outcome.replies[i];
      const bool lost = reply.is_error() && is_for_want_of_memory(reply.text);
      if (!lost && text_of(reply) != right[i]) FAIL("reply " << i << " is another one");
      dropped += lost ? 1 : 0;
    }
    // Where the bytes themselves were lost, nothing is known of what follows.
    REQUIRE((outcome.broken == Errc::unavailable || outcome.replies.size() == right.size()));
    broken += outcome.broken ? 1U : 0U;
    if (!outcome.happened) break;
  }
  CHECK(dropped > 0);
  CHECK((broken > 0) == (piece > 65'536));  // More than is read at once.
}

TEST_CASE("the error for want of memory needs none", "[redis]") {
  const std::string endpoint = "a-host-with-a-rather-long-name.example:6379";
  Error of_deep, of_read, of_write;
  {
    const FailingAllocation failure(Scope::thread, 1, 1'000);
    of_deep = error_of_reply(dropped_reply(Dropped::too_deep).text, endpoint);
    of_read = error_of_reply(dropped_reply(Dropped::no_memory).text, endpoint);
    of_write = error_of_reply(dropped_reply(Dropped::lost).text, endpoint);
  }
  CHECK(of_deep.code == Errc::overloaded);
  CHECK(of_read.code == Errc::overloaded);
  CHECK(of_read.message == "out of memory");
  CHECK(of_write.code == Errc::outcome_unknown);
}
