#pragma once

#include "transfer/byte_stream.hpp"

#include <cstdint>
#include <string>

namespace cachekit::cli {

/// Takes a JSON array apart into the text of its elements, which it does not look into. More commas
/// than needed are passed over, and so is a missing one behind an object.
class JsonArray {
 public:
  /// Lifetime: both outlive this object. `line` is where the stream stands, and is kept up.
  /// Requires: the next byte is the array's opening bracket.
  JsonArray(ByteStream& stream, std::uint64_t& line);

  /// What `next` found.
  enum class Found { element, end, cut_off };

  /// The next element and the line it begins in; no more than `limit` bytes of it are kept. After
  /// the last one the closing bracket is taken.
  [[nodiscard]] Found next(std::string& text, std::size_t limit, bool& too_long,
                           std::uint64_t& begins);

 private:
  char take();
  void skip_between();

  ByteStream& stream_;
  std::uint64_t& line_;
};

}  // namespace cachekit::cli
