#include "support/catch.hpp"
#include "unit/expander/entities.hpp"

#include <cachekit/json_codec.hpp>

#include <cstdint>
#include <limits>

using namespace cachekit;

namespace {

struct City {
  static constexpr std::string_view cache_prefix = "city";
  using cache_codec = JsonCodec<City>;

  std::string name{};
  int people = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(City, name, people)

struct Reading {
  static constexpr std::string_view cache_prefix = "reading";
  using cache_codec = JsonCodec<Reading>;

  double value = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Reading, value)

// Whatever JSON there is.
struct Any {
  static constexpr std::string_view cache_prefix = "any";
  using cache_codec = JsonCodec<Any>;

  nlohmann::json tree{};
};
void to_json(nlohmann::json& json, const Any& any) { json = any.tree; }
void from_json(const nlohmann::json& json, Any& any) { any.tree = json; }

}  // namespace

TEST_CASE("JsonCodec stores JSON that other programs can read", "[expander][json]") {
  Fixture t;
  REQUIRE(t.expander.put("b", City{"Bern", 134'000}));
  const auto envelope = decode_envelope(t.backend.inner().entries.at("city:b").value);
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

TEST_CASE("a number that JSON has no word for is an error at once, and no repair at each fetch",
          "[expander][json]") {
  Fixture t;
  const double value =
      GENERATE(std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
               -std::numeric_limits<double>::infinity());
  constexpr std::uint64_t fetches = 3;
  for (std::uint64_t i = 0; i < fetches; ++i) {
    const auto reading = t.expander.fetch<Reading>(1, [&] { return Reading{value}; });
    REQUIRE(reading);
    CHECK(reading->miss == MissReason::absent);
    REQUIRE(reading->cache_error);
    CHECK(reading->cache_error->code == Errc::invalid_argument);
    CHECK(reading->cache_error->message.find("not finite") != std::string::npos);
  }
  CHECK(t.backend.inner().entries.empty());
  CHECK(t.expander.metrics().snapshot().errors == fetches);
  CHECK(t.expander.metrics().snapshot().repairs == 0);
  CHECK(t.expander.put(1, Reading{value}).error().code == Errc::invalid_argument);
  REQUIRE(t.expander.put(1, Reading{-0.0}));
}

TEST_CASE("what JSON would turn into something else is refused wherever it stands",
          "[expander][json]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Fixture t;
  for (const nlohmann::json& tree :
       {nlohmann::json{{"deep", {1, {{"x", nan}}}}}, nlohmann::json::binary({1, 2}),
        nlohmann::json::array({nlohmann::json::binary({1})}), nlohmann::json("\xff")}) {
    CHECK(t.expander.put(1, Any{tree}).error().code == Errc::invalid_argument);
  }
  REQUIRE(t.expander.put(1, Any{{{"null", nullptr}, {"list", {1, 2.5, "x"}}}}));
  CHECK(t.backend.inner().entries.size() == 1);
}
