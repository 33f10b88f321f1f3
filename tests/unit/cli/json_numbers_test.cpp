#include "transfer/json_numbers.hpp"

#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace cachekit::cli;

namespace {

// What is left of the text, then the numbers.
std::string taken(std::string json) {
  const std::vector<std::string> numbers = take_out_numbers(json);
  for (const std::string& number : numbers) json += "|" + number;
  return json;
}

}  // namespace

TEST_CASE("numbers come out of JSON as they were written", "[cli][json]") {
  CHECK(taken(R"({"a":1e400,"b":-0})") == R"({"a":0    ,"b":0 }|1e400|-0)");
  CHECK(taken("[1.10, 12345678901234567890,0.0e-0]") ==
        "[0   , 0                   ,0     ]|1.10|12345678901234567890|0.0e-0");
}

TEST_CASE("only the numbers of the outermost brackets are given", "[cli][json]") {
  CHECK(taken(R"({"a":[1e999,{"b":2}],"c":3})") == R"({"a":[0    ,{"b":0}],"c":0}|3)");
  CHECK(taken("7") == "0");
}

TEST_CASE("what stands in a string is no number, whatever is escaped there", "[cli][json]") {
  CHECK(taken(R"({"5\"6":"7\\","a":8})") == R"({"5\"6":"7\\","a":0}|8)");
  CHECK(taken(R"(["12)") == R"(["12)");
  CHECK(taken(R"(["12\)") == R"(["12\)");
}

TEST_CASE("what is no number to JSON is left for the parser", "[cli][json]") {
  for (const std::string text :
       {"[01]", "[-]", "[1.]", "[1e]", "[1e+]", "[1-2]", "[--1]", "[-01]"}) {
    CHECK(taken(text) == text);
  }
}
