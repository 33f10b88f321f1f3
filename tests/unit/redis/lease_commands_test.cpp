#include "redis/commands.hpp"
#include "redis/lease_key.hpp"
#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

using namespace cachekit;
using namespace cachekit::redis;
using namespace std::chrono_literals;

namespace {

const std::string server = "server:1";

RedisReply reply_of(RedisReply::Type type, std::string text, std::int64_t integer = 0) {
  RedisReply reply;
  reply.type = type;
  reply.text = std::move(text);
  reply.integer = integer;
  return reply;
}

template <typename Operation>
std::string wire_of(const Operation& operation, Fence fence) {
  std::string out;
  encode(operation, fence, out);
  return out;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Errc errc_of(const RedisReply& error) { return redis::error_of_reply(error.text, server).code; }

// As the cluster specification has it, its appendix A for the CRC.
unsigned slot_of(std::string_view key) {
  if (const auto begin = key.find('{'); begin != std::string_view::npos) {
    const auto end = key.find('}', begin);
    if (end != std::string_view::npos && end > begin + 1) {
      key = key.substr(begin + 1, end - begin - 1);
    }
  }
  unsigned crc = 0;
  for (const char c : key) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8U;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1U) ^ ((crc & 0x8000U) != 0 ? 0x1021U : 0U);
    crc &= 0xffffU;
  }
  return crc % 16'384U;
}

}  // namespace

TEST_CASE("the slot of a key is that of the specification", "[redis][lease]") {
  CHECK(slot_of("123456789") == 0x31c3 % 16'384U);
}

TEST_CASE("the lease of a key is in the slot of its key", "[redis][lease]") {
  CHECK(lease_key("k") == "{k}:cachekit-lease");
  CHECK(lease_key("user:{7}:name") == "user:{7}:name:cachekit-lease-of-tagged");
  CHECK(lease_key("{k}") != lease_key("k"));
  CHECK(lease_key("a{b") == "{a{b}:cachekit-lease");
  for (const std::string key : {"{}k", "a{}b", "}{", "a}b", "}", "{}", "a{}b{c}", "a}{b}"}) {
    CAPTURE(key);
    CHECK(slot_of(lease_key(key)) == slot_of(key));
    CHECK(is_lease_key(lease_key(key)));
    CHECK(lease_key(lease_key(key)) != lease_key(key));
  }
  int wrong = 0;
  for (int i = 0; i < 200'000; ++i) {  // Each slot is met.
    const std::string key = "}" + std::to_string(i);
    wrong += slot_of(lease_key(key)) == slot_of(key) ? 0 : 1;
  }
  CHECK(wrong == 0);
  CHECK(is_lease_key(lease_key("k")));
  CHECK_FALSE(is_lease_key("k"));
  CHECK_FALSE(is_lease_key("k:cachekit-lease2"));
}

TEST_CASE("only where there are leases is a change a script", "[redis][lease]") {
  const operation::Set set{.key = "k", .value = "v"};
  CHECK(wire_of(set, Fence::no) == "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
  CHECK(wire_of(operation::Remove{"k"}, Fence::no) == "*2\r\n$6\r\nUNLINK\r\n$1\r\nk\r\n");
  for (const std::string& wire :
       {wire_of(set, Fence::yes), wire_of(operation::Remove{"k"}, Fence::yes),
        wire_of(operation::Increment{"k", 5}, Fence::yes)}) {
    CHECK(has(wire, "EVAL"));
    CHECK(has(wire, "$1\r\nk\r\n$18\r\n{k}:cachekit-lease\r\n"));
  }
  operation::Set discards = set;
  discards.discard = true;
  CHECK(wire_of(discards, Fence::yes) == wire_of(operation::Remove{"k"}, Fence::yes));
  const operation::Set all{
      .key = "k", .value = "v", .ttl = 7ms, .condition = SetCondition::if_absent};
  CHECK(wire_of(all, Fence::yes).ends_with("$1\r\nv\r\n$2\r\nPX\r\n$1\r\n7\r\n$2\r\nNX\r\n"));
  CHECK(wire_of(operation::Get{"k"}, Fence::yes) == wire_of(operation::Get{"k"}, Fence::no));
}

TEST_CASE("how many bytes an operation makes is known about, its script and lease included",
          "[redis][lease]") {
  const std::string key(1'000, 'k');
  const auto check = [](const auto& operation) {
    for (const Fence fence : {Fence::no, Fence::yes}) {
      const std::size_t written = wire_of(operation, fence).size();
      CHECK(wire_bytes_of(operation, fence) >= written);
      CHECK(wire_bytes_of(operation, fence) < written + 500);
    }
  };
  check(operation::Get{key});
  check(operation::Set{.key = key, .value = key, .ttl = 1h, .condition = SetCondition::if_absent});
  check(operation::Remove{key});
  check(operation::Touch{key, 1h});
  check(operation::Increment{key, INT64_MIN});
  check(operation::CompareAndSet{.key = key, .expected = key, .value = key, .ttl = 1h});
  check(operation::LeaseGet{.key = key});
  check(operation::LeaseSet{.key = key, .token = LeaseToken{UINT64_MAX}, .value = key, .ttl = 1h});
  check(operation::LeaseDrop{.key = key, .token = LeaseToken{UINT64_MAX}});
}

TEST_CASE("each lease that is asked for has a token of its own", "[redis][lease]") {
  const operation::LeaseGet get{.key = "k", .lease_ttl = 9s};
  const std::string first = wire_of(get, Fence::yes);
  CHECK(first != wire_of(get, Fence::yes));
  CHECK(first.ends_with("$4\r\n9000\r\n"));
  const operation::LeaseSet set{.key = "k", .token = LeaseToken{12}, .value = "v"};
  CHECK(wire_of(set, Fence::yes).ends_with("$2\r\n12\r\n$1\r\nv\r\n"));
  const operation::LeaseSet with_ttl{.key = "k", .token = LeaseToken{12}, .value = "v", .ttl = 7ms};
  CHECK(wire_of(with_ttl, Fence::yes).ends_with("$1\r\nv\r\n$2\r\nPX\r\n$1\r\n7\r\n"));
}

TEST_CASE("a lease that was given, is taken, or a value: each has its type of reply",
          "[redis][lease]") {
  using Type = RedisReply::Type;
  const auto value_of = [](RedisReply reply) {
    return Command<operation::LeaseGet>::value_of(std::move(reply), server);
  };
  CHECK(value_of(reply_of(Type::string, ""))->value == "");
  const auto given = value_of(reply_of(Type::status, "18446744073709551615 9000"));
  REQUIRE(given);
  CHECK_FALSE(given->value);
  CHECK(given->token == LeaseToken{~std::uint64_t{0}});
  CHECK(given->ends_in == 9s);
  const auto taken = value_of(reply_of(Type::integer, "", 250));
  REQUIRE(taken);
  CHECK_FALSE(taken->value);
  CHECK_FALSE(taken->token);
  CHECK(taken->ends_in == 250ms);
  CHECK(value_of(reply_of(Type::integer, "", -1))->ends_in == 1ms);
  for (const std::string words : {"OK", "", "12", "12 ", "12 x", "x 12", "12 13 14", "-1 12"}) {
    CAPTURE(words);
    CHECK(value_of(reply_of(Type::status, words)).error().code == Errc::protocol);
  }
  CHECK(value_of(reply_of(Type::error, "WRONGTYPE no")).error().code == Errc::rejected);
}

TEST_CASE("a sum that a script gives is exact", "[redis][lease]") {
  using Type = RedisReply::Type;
  const auto sum_of = [](RedisReply reply) {
    return Command<operation::Increment>::value_of(std::move(reply), server);
  };
  CHECK(sum_of(reply_of(Type::string, "9223372036854775807")) == 9223372036854775807);
  CHECK(sum_of(reply_of(Type::string, "x")).error().code == Errc::protocol);
}

TEST_CASE("a page of keys leaves leases out", "[redis][lease]") {
  using Type = RedisReply::Type;
  RedisReply keys = reply_of(Type::array, "");
  keys.elements = {reply_of(Type::string, "k"), reply_of(Type::string, "{k}:cachekit-lease")};
  RedisReply page = reply_of(Type::array, "");
  page.elements = {reply_of(Type::string, "0"), keys};
  const auto value = [&](Fence fence) {
    std::array replies{page};
    return value_of(operation::ScanPage{}, fence, replies, server);
  };
  REQUIRE(value(Fence::yes));
  CHECK(value(Fence::yes)->keys == std::vector<std::string>{"k"});
  REQUIRE(value(Fence::no));  // Without leases it is a key like any other.
  CHECK(value(Fence::no)->keys == std::vector<std::string>{"k", "{k}:cachekit-lease"});
}

TEST_CASE("of the two replies to a touch the one counts that tells what came of it", "[redis]") {
  using Type = RedisReply::Type;
  const auto touched = [](Ttl ttl, RedisReply first, RedisReply second) {
    std::array replies{std::move(first), std::move(second)};
    return value_of(operation::Touch{"k", ttl}, Fence::no, replies, server);
  };
  const RedisReply refused = reply_of(Type::error, "NOPERM no");
  const RedisReply yes = reply_of(Type::integer, "", 1);
  const RedisReply no = reply_of(Type::integer, "", 0);
  CHECK(touched(7ms, refused, yes) == true);
  CHECK(touched(7ms, yes, no) == false);
  CHECK(touched(7ms, yes, refused).error().code == errc_of(refused));
  CHECK(touched(Ttl::none(), yes, refused) == true);  // It had a TTL, and has none.
  CHECK(touched(Ttl::none(), no, refused).error().code == errc_of(refused));
  CHECK(touched(Ttl::none(), refused, yes).error().code == errc_of(refused));
  CHECK(touched(Ttl::none(), no, yes) == true);
}

TEST_CASE("a request that is a script counts as many bytes as it keeps", "[redis][lease]") {
  const operation::Remove remove{"k"};
  CHECK(OperationRequest<operation::Remove>(remove, Fence::no).bytes() < 100);
  CHECK(OperationRequest<operation::Remove>(remove, Fence::yes).bytes() >= 500);
  const operation::CompareAndSet compare{.key = "k", .expected = "a", .value = "b"};
  CHECK(OperationRequest<operation::CompareAndSet>(compare, Fence::no).bytes() >= 500);
}
