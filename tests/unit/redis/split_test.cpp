#include "fuzz/heap.hpp"
#include "support/catch.hpp"
#include "unit/redis/decoded_text.hpp"

#include <string>
#include <vector>

using namespace cachekit;
using cachekit::redis::decoded_text;

namespace {

std::string bulk_string(std::size_t bytes) {
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
  const std::string whole = decoded_text({stream});
  const std::string_view bytes = stream;
  for (std::size_t i = 0; i <= bytes.size(); ++i) {
    for (std::size_t j = i; j <= bytes.size(); ++j) {
      const auto split =
          decoded_text({bytes.substr(0, i), bytes.substr(i, j - i), bytes.substr(j)});
      if (split != whole) FAIL("split at " << i << " and " << j << ": " << split);
    }
  }
  SUCCEED();
}

TEST_CASE("a long string is the same however it is cut, and what follows it too", "[redis]") {
  const std::string ends = GENERATE(as<std::string>(), "\r\n", "xx", "\rx", "v\r\n");
  const std::string stream = ":1\r\n" + ("$20000\r\n" + std::string(20'000, 'v') + ends) +
                             "+OK\r\n" + bulk_string(70'000) + ":2\r\n$20000\r\nhal";
  CAPTURE(ends);
  const std::string whole = decoded_text({stream});
  CHECK(whole.ends_with(ends == "\r\n" ? "waiting" : "broken"));
  const std::string_view bytes = stream;
  const std::size_t end = stream.find(ends, 20);
  for (std::size_t i = 0; i < 40; ++i) {
    for (const std::size_t j : {std::size_t{100}, end - 20 + i, end + i}) {
      const auto split =
          decoded_text({bytes.substr(0, i), bytes.substr(i, j - i), bytes.substr(j)});
      if (split != whole) FAIL("split at " << i << " and " << j << ": " << split.size());
    }
  }
}

TEST_CASE("long pipelines and large strings are the same in pieces of any size", "[redis]") {
  std::string stream;
  for (std::size_t bytes = 0; bytes < 300; ++bytes) stream += bulk_string(bytes) + "+OK\r\n";
  stream += "*100\r\n";
  for (int i = 0; i < 100; ++i) stream += bulk_string(100);
  for (const std::size_t bytes : {1023U, 1024U, 4096U, 65'536U, 200'000U, 1U}) {
    stream += bulk_string(bytes) + ":1\r\n";
  }
  const std::string whole = decoded_text({stream});
  CHECK(whole.ends_with("idle"));
  for (const std::size_t size :
       {7U, 100U, 1024U, 4095U, 4096U, 4097U, 16'384U, 65'536U, 300'000U}) {
    std::vector<std::string_view> pieces;
    for (std::string_view rest = stream; !rest.empty();
         rest.remove_prefix(std::min(size, rest.size()))) {
      pieces.push_back(rest.substr(0, size));
    }
    if (decoded_text(pieces) != whole) FAIL("pieces of " << size);
  }
}

TEST_CASE("one large reply does not leave a large buffer behind", "[redis]") {
  const std::string large = bulk_string(4'000'000);
  const std::string many = bulk_string(100) + bulk_string(100);
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
