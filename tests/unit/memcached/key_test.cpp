#include "memcached/key.hpp"

#include "support/catch.hpp"

using namespace cachekit;

namespace {

std::string base64(std::string_view bytes) {
  std::string out;
  memcached::append_base64(bytes, out);
  return out;
}

}  // namespace

TEST_CASE("base64 is that of RFC 4648", "[memcached]") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xff\xfe\xfd") == "//79");
}

TEST_CASE("only spaces and control bytes make a key go as base64", "[memcached]") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string key{'a', static_cast<char>(byte)};
    CAPTURE(byte);
    CHECK(memcached::needs_base64(key) == (byte <= 0x20 || byte == 0x7f));
    CHECK(memcached::check_key(key));
  }
}

TEST_CASE("a key has 1 to 250 bytes, with spaces or control bytes at most 186", "[memcached]") {
  const auto code = [](const std::string& key) { return memcached::check_key(key).error().code; };
  CHECK(code("") == Errc::invalid_argument);
  CHECK(memcached::check_key(std::string(250, 'k')));
  CHECK(memcached::check_key(std::string(250, '\xff')));
  CHECK(code(std::string(251, 'k')) == Errc::invalid_argument);
  CHECK(memcached::check_key(std::string(185, 'k') + ' '));
  CHECK(code(std::string(186, 'k') + ' ') == Errc::invalid_argument);
  CHECK(base64(std::string(186, ' ')).size() == 248);
}
