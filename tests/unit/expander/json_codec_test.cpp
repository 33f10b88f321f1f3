#include "support/catch.hpp"
#include "unit/expander/entities.hpp"

#include <cachekit/json_codec.hpp>

using namespace cachekit;

namespace {

struct City {
  static constexpr std::string_view cache_prefix = "city";
  using cache_codec = JsonCodec<City>;

  std::string name{};
  int people = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(City, name, people)

}  // namespace

TEST_CASE("JsonCodec stores JSON that other programs can read", "[expander][json]") {
  Fixture t;
  REQUIRE(t.expander.put("b", City{"Bern", 134'000}));
  const auto envelope = decode_envelope(t.backend.entries.at("city:b").value);
  REQUIRE(envelope);
  CHECK(envelope->codec == CodecId::json);
  CHECK(envelope->payload == R"({"name":"Bern","people":134000})");
  auto city = t.expander.find<City>("b");
  REQUIRE(city);
  CHECK((*city)->name == "Bern");
  CHECK((*city)->people == 134'000);
}

TEST_CASE("JsonCodec turns whatever it cannot read into a decode error", "[expander][json]") {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("null"), std::string(R"({"name":"Bern"})"),
        std::string(R"({"name":1,"people":2})"), std::string("\xff"), std::string(100'000, '[')}) {
    INFO(text.substr(0, 30));
    const auto city = JsonCodec<City>::decode(text);
    REQUIRE_FALSE(city);
    CHECK(city.error().code == Errc::decode);
    CHECK_FALSE(city.error().message.empty());
  }
}

TEST_CASE("text that JSON cannot hold costs the cache, not the answer", "[expander][json]") {
  Fixture t;
  auto city = t.expander.fetch<City>("x", [] { return City{"\xff\xfe", 1}; });
  REQUIRE(city);
  CHECK((*city)->people == 1);
  CHECK(city->cache_error->code == Errc::invalid_argument);
}
