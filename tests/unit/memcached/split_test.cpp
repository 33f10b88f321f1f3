#include "decoding.hpp"
#include "fuzz/heap.hpp"

using namespace cachekit;
using memcached::Command;
using memcached::Dialect;
using memcached::Verb;

namespace {

struct Stream {
  Dialect dialect;
  Verb verb;
  std::string bytes;
};

bool same(const test::Decoded& one, const test::Decoded& other) {
  return one.replies == other.replies && one.broken == other.broken && one.idle == other.idle;
}

}  // namespace

TEST_CASE("streams of replies are the same at every pair of splits", "[memcached]") {
  const Stream stream = GENERATE(
      Stream{Dialect::meta, Verb::get, "VA 3\r\nabc\r\nEN\r\nVA 0\r\n\r\nVA 5\r\n\r\nEN\r\r\n"},
      Stream{Dialect::meta, Verb::get, "EN\r\nSERVER_ERROR busy\r\nVA 1\r\nx\r\nEN\r\n"},
      Stream{Dialect::meta, Verb::get, "VA 1\r\na\r\nVA 2\r\nabc\r\nEN\r\n"},
      Stream{Dialect::meta, Verb::get, "VA 10\r\nabc"},
      Stream{Dialect::meta, Verb::exists, "HD\r\nEN\r\nERROR\r\nHD\r\nVA 1\r\n"},
      Stream{Dialect::meta, Verb::remaining_ttl, "HD t-1\r\nHD t300\r\nEN\r\nHD t\r\n"},
      Stream{Dialect::meta, Verb::store,
             "HD\r\nNS\r\nEX\r\nNF\r\nSERVER_ERROR out of memory\r\nHD"},
      Stream{Dialect::meta, Verb::store, "HD\r\nCLIENT_ERROR bad data chunk\r\nHD\r\n"},
      Stream{Dialect::meta, Verb::increment,
             "VA 2\r\n41\r\nNF\r\nNS\r\nVA 2\r\n9 \r\nVA 1\r\nx\r\n"},
      Stream{Dialect::meta, Verb::stats,
             "STAT a 1\r\nSTAT b 2\r\nEND\r\nEND\r\nSTAT c 3\r\nOK\r\n"},
      Stream{Dialect::meta, Verb::probe, "MN\r\nERROR\r\nCLIENT_ERROR bad command\r\nMN\r\n"},
      Stream{Dialect::classic, Verb::get,
             "VALUE k 0 3\r\nabc\r\nEND\r\nEND\r\nVALUE k 7 0\r\n\r\nEND\r\n"},
      Stream{Dialect::classic, Verb::get, "VALUE k 0 5\r\nEND\r\n\r\nEND\r\nVALUE kk 0 1\r\n"},
      Stream{Dialect::classic, Verb::get, "VALUE k 0 1\r\nx\r\nVALUE k 0 1\r\nx\r\nEND\r\n"},
      Stream{Dialect::classic, Verb::get, "VALUE k 0 1\r\nx\r\nSERVER_ERROR busy\r\nEND\r\n"},
      Stream{Dialect::classic, Verb::increment, "41\r\n9 \r\nNOT_FOUND\r\n-1\r\n"},
      Stream{Dialect::classic, Verb::store, "STORED\r\nNOT_STORED\r\nSERVER_ERROR x\r\nEXISTS\r\n"},
      Stream{Dialect::classic, Verb::remove, "DELETED\r\nNOT_FOUND\r\n\r\n"});
  CAPTURE(stream.bytes);
  const Command command{.verb = stream.verb, .key = "k"};
  const std::string_view bytes = stream.bytes;
  const test::Decoded whole = test::decode_pieces({bytes}, command, stream.dialect);
  CHECK_FALSE((whole.replies.empty() && !whole.broken && whole.idle));
  for (std::size_t i = 0; i <= bytes.size(); ++i) {
    for (std::size_t j = i; j <= bytes.size(); ++j) {
      const auto split = test::decode_pieces(
          {bytes.substr(0, i), bytes.substr(i, j - i), bytes.substr(j)}, command, stream.dialect);
      if (!same(split, whole)) FAIL("split at " << i << " and " << j);
    }
  }
}

TEST_CASE("long pipelines and large values are the same in pieces of any size", "[memcached]") {
  std::string stream;
  const auto add = [&stream](std::size_t bytes) {
    stream += "VA " + std::to_string(bytes) + "\r\n" + std::string(bytes, 'v') + "\r\nEN\r\n";
  };
  for (std::size_t bytes = 0; bytes < 300; ++bytes) add(bytes);
  for (const std::size_t bytes : {1023U, 4096U, 65'536U, 200'000U, 1U}) add(bytes);
  const Command command{.verb = Verb::get, .key = "k"};
  const test::Decoded whole = test::decode_pieces({stream}, command, Dialect::meta);
  CHECK(whole.idle);
  CHECK(whole.replies.size() == 610);
  for (const std::size_t size :
       {7U, 100U, 1024U, 4095U, 4096U, 4097U, 16'384U, 65'536U, 300'000U}) {
    const auto split = test::decode(stream, command, Dialect::meta, size);
    if (!same(split, whole)) FAIL("pieces of " << size);
  }
}

TEST_CASE("one large value does not leave a large buffer behind", "[memcached]") {
  const std::string large = "VA 4000000\r\n" + std::string(4'000'000, 'v') + "\r\n";
  const Command command{.verb = Verb::get, .key = "k"};
  memcached::ReplyDecoder decoder;
  const std::size_t before = fuzz::heap_in_use();
  for (const std::size_t piece : {std::size_t{65'536}, large.size()}) {
    for (std::string_view rest = large; !rest.empty();) {
      decoder.feed(rest.substr(0, piece));
      rest.remove_prefix(std::min(piece, rest.size()));
      REQUIRE(decoder.advance(command, Dialect::meta) == rest.empty());
    }
    CHECK(decoder.take()->value.size() == 4'000'000);
    CHECK(decoder.idle());
    CHECK(fuzz::heap_in_use() < before + 100'000);
  }
}
