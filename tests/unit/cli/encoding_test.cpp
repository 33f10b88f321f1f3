#include "transfer/encoding.hpp"

#include "support/catch.hpp"

#include <string>

using namespace cachekit::cli;

TEST_CASE("base64 has the values of RFC 4648", "[cli][encoding]") {
  CHECK(to_base64("") == "");
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("fo") == "Zm8=");
  CHECK(to_base64("foo") == "Zm9v");
  CHECK(to_base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("base64 brings every byte back", "[cli][encoding]") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    CHECK(from_base64(to_base64(bytes)) == bytes);
  }
}

TEST_CASE("base64 is read without padding and refused with foreign letters", "[cli][encoding]") {
  CHECK(from_base64("Zm8") == "fo");
  CHECK_FALSE(from_base64("Zm9v!").has_value());
  CHECK_FALSE(from_base64("Z").has_value());
  CHECK_FALSE(from_base64("Zg=a").has_value());
}
