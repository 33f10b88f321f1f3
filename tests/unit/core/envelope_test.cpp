#include "core/envelope.hpp"

#include "support/catch.hpp"

#include <cstdint>
#include <string>

#include <zlib.h>

using namespace cachekit;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

// The very bytes of docs/envelope.md.
const std::string golden =
    "CKIT\x01\x00\x02\x00"
    "\x00\x68\xe5\xcf\x8b\x01\x00\x00"
    "\xe0\xfb\xe9\xcf\x8b\x01\x00\x00"
    "\x39\x30\x00\x00"
    "\x07\x00\x00\x00"
    "\x0e\x00\x00\x00"
    "\xc3\x98\x84\x15"
    "{\"name\":\"Ada\"}"s;

EnvelopeView ada() {
  return {.codec = CodecId::json,
          .schema = 7,
          .created = UnixMillis(1'700'000'000'000ms),
          .expiry = UnixMillis(1'700'000'300'000ms),
          .load_cost = 12'345us,
          .payload = "{\"name\":\"Ada\"}"};
}

// Makes the checksum right again after a change, as a writer with a fault of its own would.
std::string resealed(std::string bytes) {
  const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
  const auto sum = crc32(crc32(0, data, 36), data + 40, static_cast<uInt>(bytes.size() - 40));
  for (unsigned i = 0; i < 4; ++i) bytes[36 + i] = static_cast<char>((sum >> (8 * i)) & 0xFFU);
  return bytes;
}

}  // namespace

TEST_CASE("an envelope is written as its specification says, byte for byte", "[envelope]") {
  CHECK(*encode_envelope(ada()) == golden);
}

TEST_CASE("an envelope that another program wrote is read back field by field", "[envelope]") {
  const Result<EnvelopeView> view = decode_envelope(golden);
  REQUIRE(view);
  CHECK(view->codec == CodecId::json);
  CHECK(view->schema == 7);
  CHECK(view->created == UnixMillis(1'700'000'000'000ms));
  CHECK(view->expiry == UnixMillis(1'700'000'300'000ms));
  CHECK(view->load_cost == 12'345us);
  CHECK(view->payload == "{\"name\":\"Ada\"}");
  CHECK_FALSE(view->expired_at(UnixMillis(1'700'000'299'999ms)));
  CHECK(view->expired_at(UnixMillis(1'700'000'300'000ms)));
}

TEST_CASE("no expiry survives the envelope, and so does an empty or binary payload", "[envelope]") {
  EnvelopeView view = ada();
  view.expiry.reset();
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
  for (const std::string& payload : {""s, every_byte}) {
    view.payload = payload;
    const std::string bytes = *encode_envelope(view);
    const auto back = decode_envelope(bytes);
    REQUIRE(back);
    CHECK_FALSE(back->expiry);
    CHECK(back->payload == payload);
  }
}

TEST_CASE("an envelope keeps a validator, and says that there is no such entity", "[envelope]") {
  EnvelopeView view = ada();
  view.validator = "v7";
  const std::string bytes = *encode_envelope(view);
  CHECK(bytes == "CKIT\x01\x00\x02\x02"s + golden.substr(8, 24) + "\x10\x00\x00\x00"s +
                     resealed(bytes).substr(36, 4) + "v7{\"name\":\"Ada\"}"s);
  const auto back = decode_envelope(bytes);
  REQUIRE(back);
  CHECK(back->validator == "v7");
  CHECK(back->payload == "{\"name\":\"Ada\"}");
  CHECK_FALSE(back->absent);

  view.payload = "";
  view.absent = true;
  const std::string none = *encode_envelope(view);
  CHECK(decode_envelope(none)->absent);
  CHECK(decode_envelope(none)->validator == "v7");
  const std::string too_long(256, 'v');
  view.validator = too_long;
  CHECK(encode_envelope(view).error().code == Errc::invalid_argument);
}

TEST_CASE("an envelope that is cut short anywhere is refused", "[envelope]") {
  for (std::size_t length = 0; length < golden.size(); ++length) {
    INFO("cut to " << length << " bytes");
    const auto view = decode_envelope(golden.substr(0, length));
    REQUIRE_FALSE(view);
    CHECK(view.error().code == Errc::decode);
  }
  CHECK_FALSE(decode_envelope(golden + "x"));
}

TEST_CASE("an envelope with any one bit changed is refused", "[envelope]") {
  for (std::size_t position = 0; position < golden.size(); ++position) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string bytes = golden;
      bytes[position] =
          static_cast<char>(static_cast<unsigned char>(bytes[position]) ^ (1U << bit));
      INFO("bit " << bit << " of byte " << position);
      const auto view = decode_envelope(bytes);
      REQUIRE_FALSE(view);
      CHECK(view.error().code == Errc::decode);
    }
  }
}

TEST_CASE("what is announced is compared with what is there before it is used", "[envelope]") {
  std::string bytes = golden;
  for (std::size_t i = 32; i < 36; ++i) bytes[i] = '\xff';
  const auto view = decode_envelope(bytes);
  REQUIRE_FALSE(view);
  CHECK(view.error().message.find("announces 4294967295 bytes of payload and has 14") !=
        std::string::npos);
}

TEST_CASE("what a later version may mean is refused rather than guessed at", "[envelope]") {
  const auto with = [](std::size_t position, char byte) {
    std::string bytes = golden;
    bytes[position] = byte;
    return decode_envelope(resealed(std::move(bytes)));
  };
  CHECK(decode_envelope(resealed(golden)));
  CHECK(with(4, 2).error().message.find("version 2") != std::string::npos);
  CHECK(with(5, 2).error().message.find("flags") != std::string::npos);
  CHECK(with(5, 1).error().message.find("no value") != std::string::npos);
  CHECK(with(7, 14)->payload.empty());
  CHECK(with(7, 15).error().message.find("validator") != std::string::npos);
  CHECK(with(15, '\x7f').error().message.find("9999") != std::string::npos);
  CHECK(with(23, '\xff').error().message.find("9999") != std::string::npos);
}

TEST_CASE("bytes that are no envelope are told apart from a damaged one", "[envelope]") {
  CHECK_FALSE(looks_like_envelope(""));
  CHECK_FALSE(looks_like_envelope("plain text"));
  CHECK(looks_like_envelope("CKIT"));
  CHECK(decode_envelope("plain text").error().message.find("not an envelope") != std::string::npos);
  CHECK(decode_envelope("CKIT").error().message.find("cut short") != std::string::npos);
}

TEST_CASE("values beyond an envelope's fields are moved to the nearest bound", "[envelope]") {
  EnvelopeView view = ada();
  view.created = UnixMillis(-5ms);
  view.expiry = UnixMillis(std::chrono::milliseconds::max());
  view.load_cost = std::chrono::hours(10'000);
  const std::string bytes = *encode_envelope(view);
  const auto back = decode_envelope(bytes);
  REQUIRE(back);
  CHECK(back->created == UnixMillis(0ms));
  CHECK(back->expiry == UnixMillis(253'402'300'799'999ms));
  CHECK(back->load_cost == std::chrono::microseconds(UINT32_MAX));

  view.expiry = UnixMillis(0ms);
  CHECK(decode_envelope(*encode_envelope(view))->expiry == UnixMillis(1ms));
}
