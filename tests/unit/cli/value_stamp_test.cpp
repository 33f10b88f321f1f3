#include "load/value_stamp.hpp"

#include "support/catch.hpp"

#include <string>

using cachekit::cli::stamp_bytes;
using cachekit::cli::ValueStamp;

TEST_CASE("a stamped value answers for its own key", "[cli][bench][verify]") {
  const ValueStamp stamp(99);
  std::string value;
  for (std::size_t size = stamp_bytes; size < 200; ++size) {
    stamp.write(value, size, size * 7, 3);
    REQUIRE(value.size() == size);
    REQUIRE(stamp.matches(value, size * 7));
  }
}

TEST_CASE("a stamp tells every other value apart", "[cli][bench][verify]") {
  const ValueStamp stamp(99);
  std::string value;
  std::string other;
  stamp.write(value, 100, 5, 1);

  CHECK_FALSE(stamp.matches(value, 6));
  CHECK_FALSE(ValueStamp(98).matches(value, 5));
  CHECK_FALSE(stamp.matches("", 5));
  CHECK_FALSE(stamp.matches(value + "x", 5));
  for (std::size_t size = 0; size < value.size(); ++size) {
    REQUIRE_FALSE(stamp.matches(value.substr(0, size), 5));
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    std::string changed = value;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    REQUIRE_FALSE(stamp.matches(changed, 5));
  }
  stamp.write(other, 100, 5, 2);
  REQUIRE(stamp.matches(other, 5));
  for (std::size_t cut = 1; cut < value.size(); ++cut) {
    REQUIRE_FALSE(stamp.matches(value.substr(0, cut) + other.substr(cut), 5));
  }
}
