// What becomes of replies when there is no memory for one of them.

#include "decoding.hpp"
#include "support/allocations.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace cachekit;
using cachekit::test::FailingAllocation;
using cachekit::test::Scope;
using memcached::Command;
using memcached::Dialect;
using memcached::Reply;
using memcached::Verb;

namespace {

std::string value_line(std::size_t bytes, char what) {
  return "VA " + std::to_string(bytes) + "\r\n" + std::string(bytes, what) + "\r\n";
}

}  // namespace

TEST_CASE("a value for which there is no memory is an error in its place, and no other suffers",
          "[memcached]") {
  const std::vector<std::size_t> sizes{3, 100, 30'000, 5, 60'000, 200'000, 20, 1};
  std::string stream;
  for (const std::size_t size : sizes) stream += value_line(size, 'v');
  const Command lookup{.verb = Verb::get, .key = "k"};
  const std::size_t piece = GENERATE(1U, 7U, 1'000U, 65'536U);
  const std::size_t more = GENERATE(0U, 1U, 50U);
  std::size_t dropped = 0;
  bool happened = true;
  for (std::size_t number = 1; happened; ++number) {
    CAPTURE(piece, more, number);
    std::vector<Result<Reply>> replies;
    replies.reserve(sizes.size());
    memcached::ReplyDecoder decoder;
    bool broken = false;
    {
      const FailingAllocation failure(Scope::thread, number, more);
      for (std::size_t at = 0; at < stream.size() && !broken; at += piece) {
        decoder.feed(std::string_view(stream).substr(at, piece));
        while (!broken && !decoder.idle()) {
          const Result<bool> complete = decoder.advance(lookup, Dialect::meta);
          broken = !complete;
          if (broken || !*complete) break;
          replies.push_back(decoder.take());
        }
      }
      happened = failure.happened();
    }
    REQUIRE_FALSE(broken);
    REQUIRE(replies.size() == sizes.size());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (replies[i] && replies[i]->value.size() != sizes[i]) FAIL("reply " << i << " is another");
      if (!replies[i]) CHECK(replies[i].error().code == Errc::overloaded);
      dropped += replies[i] ? 0U : 1U;
    }
  }
  CHECK(dropped > 0);
}

TEST_CASE("a sum for which there is no memory may have been counted", "[memcached]") {
  const Command count{.verb = Verb::increment, .key = "k"};
  memcached::ReplyDecoder decoder;
  Result<Reply> reply;
  {
    const FailingAllocation failure(Scope::thread, 1);
    decoder.feed("VA 19\r\n9223372036854775807\r\n");
    REQUIRE(decoder.advance(count, Dialect::meta) == true);
    reply = decoder.take();
  }
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::outcome_unknown);
}
