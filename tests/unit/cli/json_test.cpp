#include "output/json.hpp"

#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <nlohmann/json.hpp>

using namespace cachekit::cli;

namespace {

// What another reader of JSON makes of it.
nlohmann::json read_back(const Json& json) { return nlohmann::json::parse(dump(json)); }

}  // namespace

TEST_CASE("JSON is written with its fields in their order", "[cli][json]") {
  Json line{{"key", "k"}, {"found", true}, {"age", nullptr}};
  line["n"] = std::uint64_t{18'446'744'073'709'551'615U};
  line["below"] = std::numeric_limits<std::int64_t>::min();
  line["found"] = false;
  CHECK(
      dump(line) ==
      R"({"key":"k","found":false,"age":null,"n":18446744073709551615,"below":-9223372036854775808})");
}

TEST_CASE("a list of pairs is an object, any other list an array", "[cli][json]") {
  CHECK(dump(Json{{"a", 1}, {"b", {1, 2, 3}}}) == R"({"a":1,"b":[1,2,3]})");
  CHECK(dump(Json::array()) == "[]");
  CHECK(dump(Json::object()) == "{}");
  Json array;
  array.push_back({{"x", 1}});
  array.push_back("y");
  CHECK(dump(array) == R"([{"x":1},"y"])");
}

TEST_CASE("numbers read back as the same, and what is none is null", "[cli][json]") {
  for (const double number : {0.0, 1.0, 0.1, 1e300, 5e-324, 123456789.125, -2.5}) {
    CHECK(read_back(number).get<double>() == number);
    CHECK(read_back(number).is_number_float());
  }
  CHECK(dump(std::numeric_limits<double>::infinity()) == "null");
  CHECK(dump(std::numeric_limits<double>::quiet_NaN()) == "null");
}

TEST_CASE("every byte of a text is escaped or replaced so that it can be read", "[cli][json]") {
  std::string text;
  for (int byte = 0; byte < 0x80; ++byte) text += static_cast<char>(byte);
  text += "\xC3\xA9\xF0\x9F\x98\x80";
  CHECK(read_back(text).get<std::string>() == text);
  CHECK(read_back("a\xFF"
                  "b\xC3")
            .get<std::string>() ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD");
}

TEST_CASE("bytes that are no text have a field of their own", "[cli][json]") {
  Json line;
  put_bytes(line, "key", "k");
  put_bytes(line, "value", "\xFF");
  CHECK(dump(line) == R"({"key":"k","value_base64":"/w=="})");
}
