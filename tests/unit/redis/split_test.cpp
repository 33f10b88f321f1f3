#include "fuzz/heap.hpp"
#include "redis/resp_decoder.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace cachekit;
using cachekit::redis::RespDecoder;

namespace {

void write(const RedisReply& reply, std::string& out) {
  out += std::to_string(static_cast<int>(reply.type)) + ' ' + std::to_string(reply.integer) + ' ';
  out += reply.text + '(';
  for (const RedisReply& element : reply.elements) write(element, out);
  out += ')';
}

// All that came of some pieces: the replies, then "broken", "idle" or "waiting".
std::string decode(const std::vector<std::string_view>& pieces) {
  RespDecoder decoder;
  std::string out;
  for (const std::string_view piece : pieces) {
    decoder.feed(piece);
    while (true) {
      const Result<std::optional<RedisReply>> reply = decoder.next();
      if (!reply) return out + "broken";
      if (!*reply) break;
      write(**reply, out);
    }
  }
  return out + (decoder.idle() ? "idle" : "waiting");
}

std::string string_of(std::size_t bytes) {
  return '$' + std::to_string(bytes) + "\r\n" + std::string(bytes, 'v') + "\r\n";
}

}  // namespace

TEST_CASE("broken and unfinished streams end the same wherever they are split", "[redis]") {
  const std::string stream =
      GENERATE(as<std::string>(), "+OK\r\n$3\r\nhello\r\n:1\r\n", "+OK\r\n$6\r\nhello\r\n+OK\r\n",
               "*2\r\n$1\r\nx\r\n!\r\n", ":1\r\n:12x\r\n", "$-2\r\n", "*-2\r\n", "$05\r\nhello\r\n",
               "$1073741825\r\nabc", "$99999999999999999999\r\n",
               "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
               "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
               "HTTP/1.1 400 Bad Request\r\n\r\n", "$1073741824\r\nabc", "*2147483647\r\n:1\r\n",
               "*2\r\n$3\r\nab", "+a\rb\r\n+\r\r\n:1", ":9223372036854775808\r\n");
  CAPTURE(stream);
  const std::string whole = decode({stream});
  const std::string_view bytes = stream;
  for (std::size_t i = 0; i <= bytes.size(); ++i) {
    for (std::size_t j = i; j <= bytes.size(); ++j) {
      const auto split = decode({bytes.substr(0, i), bytes.substr(i, j - i), bytes.substr(j)});
      if (split != whole) FAIL("split at " << i << " and " << j << ": " << split);
    }
  }
  SUCCEED();
}

TEST_CASE("a long string is the same however it is cut, and what follows it too", "[redis]") {
  const std::string ends = GENERATE(as<std::string>(), "\r\n", "xx", "\rx", "v\r\n");
  const std::string stream = ":1\r\n" + ("$20000\r\n" + std::string(20'000, 'v') + ends) +
                             "+OK\r\n" + string_of(70'000) + ":2\r\n$20000\r\nhal";
  CAPTURE(ends);
  const std::string whole = decode({stream});
  CHECK(whole.ends_with(ends == "\r\n" ? "waiting" : "broken"));
  const std::string_view bytes = stream;
  const std::size_t end = stream.find(ends, 20);
  for (std::size_t i = 0; i < 40; ++i) {
    for (const std::size_t j : {std::size_t{100}, end - 20 + i, end + i}) {
      const auto split = decode({bytes.substr(0, i), bytes.substr(i, j - i), bytes.substr(j)});
      if (split != whole) FAIL("split at " << i << " and " << j << ": " << split.size());
    }
  }
}

TEST_CASE("long pipelines and large strings are the same in pieces of any size", "[redis]") {
  std::string stream;
  for (std::size_t bytes = 0; bytes < 300; ++bytes) stream += string_of(bytes) + "+OK\r\n";
  stream += "*100\r\n";
  for (int i = 0; i < 100; ++i) stream += string_of(100);
  for (const std::size_t bytes : {1023U, 1024U, 4096U, 65'536U, 200'000U, 1U}) {
    stream += string_of(bytes) + ":1\r\n";
  }
  const std::string whole = decode({stream});
  CHECK(whole.ends_with("idle"));
  for (const std::size_t size :
       {7U, 100U, 1024U, 4095U, 4096U, 4097U, 16'384U, 65'536U, 300'000U}) {
    std::vector<std::string_view> pieces;
    for (std::string_view rest = stream; !rest.empty();
         rest.remove_prefix(std::min(size, rest.size()))) {
      pieces.push_back(rest.substr(0, size));
    }
    if (decode(pieces) != whole) FAIL("pieces of " << size);
  }
}

TEST_CASE("one large reply does not leave a large buffer behind", "[redis]") {
  const std::string large = string_of(4'000'000);
  const std::string many = string_of(100) + string_of(100);
  RespDecoder decoder;
  const std::size_t before = fuzz::heap_in_use();
  for (const std::size_t piece : {std::size_t{65'536}, large.size()}) {
    for (std::string_view rest = large; !rest.empty();) {
      decoder.feed(rest.substr(0, piece));
      rest.remove_prefix(std::min(piece, rest.size()));
      REQUIRE(decoder.next()->has_value() == rest.empty());
    }
    CHECK(fuzz::heap_in_use() < before + 100'000);
    decoder.feed(many);
    CHECK((*decoder.next())->text.size() == 100);
    CHECK_FALSE(decoder.idle());
    CHECK((*decoder.next())->text.size() == 100);
    CHECK(decoder.idle());
  }
}
