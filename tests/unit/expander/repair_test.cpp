// What holds when an entry is there and cannot be used.

#include "support/catch.hpp"
#include "unit/expander/entities.hpp"

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

// Writes the entries of `User` with a codec, a schema or a payload that is not a user's.
template <std::uint8_t codec_id, std::uint32_t schema>
struct UserLike {
  struct Codec {
    static constexpr CodecId id = CodecId{codec_id};
    static std::string encode(const UserLike& value) { return value.payload; }
    static Result<UserLike> decode(std::string_view bytes) { return UserLike{std::string(bytes)}; }
  };
  static constexpr std::string_view cache_prefix = "user";
  using cache_codec = Codec;
  static constexpr std::uint32_t cache_schema = schema;

  std::string payload = "name=Ada";
};
using Impostor = UserLike<200, 3>;
using OldUser = UserLike<200, 2>;
using RawUser = UserLike<1, 3>;

std::string& stored(Fixture& t) { return t.backend.inner().entries.at("user:1").value; }

// The entry is a miss for `why`, the source answers, the entry is good again, all of it counted.
void check_repair(Fixture& t, MissReason why) {
  const auto before = t.expander.metrics().snapshot();
  auto fetched = t.fetch();
  REQUIRE(fetched);
  CHECK((*fetched)->name == "Ada");
  CHECK(fetched->origin == Origin::source);
  CHECK(fetched->miss == why);
  CHECK_FALSE(fetched->cache_error);
  CHECK(t.fetch()->origin == Origin::cache);
  const auto after = t.expander.metrics().snapshot();
  CHECK(after.misses == before.misses + 1);
  CHECK(after.hits == before.hits + 1);
  CHECK(after.repairs == before.repairs + 1);
  CHECK(after.errors == before.errors);
}

// Its codec writes more than it takes back.
struct Forgetful {
  struct Codec {
    static std::string encode(const Forgetful& value) { return value.text; }
    static Result<Forgetful> decode(std::string_view bytes) {
      if (bytes.size() > 3) return fail(Errc::decode, "longer than three letters");
      return Forgetful{std::string(bytes)};
    }
  };
  static constexpr std::string_view cache_prefix = "forgetful";
  using cache_codec = Codec;

  std::string text{};
};

}  // namespace

TEST_CASE("what its codec cannot take back is not stored, whatever was there before",
          "[expander]") {
  Fixture t;
  const bool damaged = GENERATE(false, true);
  if (damaged) {
    t.backend.inner().entries.insert_or_assign("forgetful:1",
                                               FaultyDriver::Entry{"garbage", Ttl::none()});
  }
  for (int i = 0; i < 3; ++i) {
    const auto fetched = t.expander.fetch<Forgetful>(1, [] { return Forgetful{"Adam"}; });
    REQUIRE(fetched);
    CHECK((*fetched)->text == "Adam");
    CHECK(fetched->miss == (damaged && i == 0 ? MissReason::undecodable : MissReason::absent));
    REQUIRE(fetched->cache_error);
    CHECK(fetched->cache_error->code == Errc::invalid_argument);
    CHECK(fetched->cache_error->message.find("three letters") != std::string::npos);
    CHECK(t.backend.inner().entries.empty());
  }
  CHECK(t.expander.metrics().snapshot().repairs == 0);
  CHECK(t.expander.metrics().snapshot().errors == 3);
  REQUIRE(t.expander.put(1, Forgetful{"Ada"}));
  CHECK((*t.expander.find<Forgetful>(1))->text == "Ada");
}

TEST_CASE("an entry with any one byte changed is a miss and is repaired", "[expander]") {
  Fixture t;
  REQUIRE(t.fetch());
  const std::string good = stored(t);
  for (std::size_t position = 0; position < good.size(); ++position) {
    INFO("byte " << position);
    stored(t) = good;
    stored(t)[position] = static_cast<char>(~static_cast<unsigned char>(good[position]));
    check_repair(t, MissReason::undecodable);
    CHECK(stored(t) == good);
  }
}

TEST_CASE("an entry that is cut short anywhere is a miss and is repaired", "[expander]") {
  Fixture t;
  REQUIRE(t.fetch());
  const std::string good = stored(t);
  for (std::size_t length = 0; length < good.size(); ++length) {
    INFO("cut to " << length << " bytes");
    stored(t) = good.substr(0, length);
    check_repair(t, MissReason::undecodable);
  }
}

TEST_CASE("a payload that its codec refuses or chokes on is a miss and is repaired", "[expander]") {
  Fixture t;
  SECTION("refuses") { REQUIRE(t.expander.put(1, Impostor{"nonsense"})); }
  SECTION("chokes on") { REQUIRE(t.expander.put(1, Impostor{"name=throws"})); }
  check_repair(t, MissReason::undecodable);
}

TEST_CASE("an entry of another schema or codec is a miss and is repaired", "[expander]") {
  Fixture t;
  SECTION("schema") { REQUIRE(t.expander.put(1, OldUser{})); }
  SECTION("codec") { REQUIRE(t.expander.put(1, RawUser{})); }
  check_repair(t, MissReason::schema_changed);
}

TEST_CASE("an unreadable entry is removed when the source has none to replace it", "[expander]") {
  Fixture t;
  t.backend.inner().entries.insert_or_assign("user:1", FaultyDriver::Entry{"garbage", Ttl::none()});
  t.source.name.reset();
  auto fetched = t.fetch();
  REQUIRE(fetched);
  CHECK(fetched->miss == MissReason::undecodable);
  CHECK(t.backend.inner().entries.empty());
  CHECK(t.expander.metrics().snapshot().repairs == 1);
}

TEST_CASE("an entry that could not be replaced is not counted as repaired", "[expander]") {
  Fixture t;
  t.backend.inner().entries.insert_or_assign("user:1", FaultyDriver::Entry{"garbage", Ttl::none()});
  t.backend.inner().set_fault = Error{.code = Errc::rejected, .message = "out of memory"};
  auto fetched = t.fetch();
  REQUIRE(fetched);
  CHECK((*fetched)->name == "Ada");
  CHECK(t.expander.metrics().snapshot().repairs == 0);
  CHECK(t.expander.metrics().snapshot().errors == 1);
}

TEST_CASE("fresh reports an unreadable entry as absent, with the reason", "[expander]") {
  Fixture t;
  t.backend.inner().entries.insert_or_assign("user:1", FaultyDriver::Entry{"garbage", Ttl::none()});
  auto fetched = t.fetch(Strategy::fresh);
  REQUIRE(fetched);
  CHECK_FALSE(fetched->has_value());
  CHECK(fetched->miss == MissReason::undecodable);
  CHECK(t.backend.inner().entries.size() == 1);
}
