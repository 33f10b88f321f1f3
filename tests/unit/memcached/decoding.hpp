#pragma once

#include "memcached/reply_decoder.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cachekit::test {

/// What a decoder made of some bytes: complete replies, then perhaps the error that ended it.
struct Decoded {
  std::vector<Result<memcached::Reply>> replies{};
  std::optional<Error> broken{};
  bool idle = false;
};

/// Feeds the pieces one after another and reads a reply to `command` again and again.
inline Decoded decode_pieces(const std::vector<std::string_view>& pieces,
                             const memcached::Command& command, memcached::Dialect dialect) {
  memcached::ReplyDecoder decoder;
  Decoded decoded;
  for (const std::string_view piece : pieces) {
    decoder.feed(piece);
    while (!decoder.idle()) {
      const Result<bool> complete = decoder.advance(command, dialect);
      if (!complete) {
        decoded.broken = complete.error();
        return decoded;
      }
      if (!*complete) break;
      decoded.replies.push_back(decoder.take());
    }
  }
  decoded.idle = decoder.idle();
  return decoded;
}

/// The same in pieces of one size.
inline Decoded decode(std::string_view bytes, const memcached::Command& command,
                      memcached::Dialect dialect, std::size_t piece) {
  std::vector<std::string_view> pieces;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    pieces.push_back(bytes.substr(0, piece));
  }
  return decode_pieces(pieces, command, dialect);
}

/// The one reply that `bytes` hold, having checked that every way to split them gives the same.
inline Result<memcached::Reply> decode_one(std::string_view bytes,
                                           const memcached::Command& command,
                                           memcached::Dialect dialect) {
  const Decoded whole = decode(bytes, command, dialect, bytes.size());
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
    const Decoded split = decode(bytes, command, dialect, piece);
    REQUIRE(split.broken == whole.broken);
    REQUIRE(split.idle == whole.idle);
    REQUIRE(split.replies.size() == whole.replies.size());
    for (std::size_t i = 0; i < split.replies.size(); ++i) {
      REQUIRE(split.replies[i] == whole.replies[i]);
    }
  }
  if (whole.broken) return fail(*whole.broken);
  REQUIRE(whole.idle);
  REQUIRE(whole.replies.size() == 1);
  return whole.replies.front();
}

}  // namespace cachekit::test
