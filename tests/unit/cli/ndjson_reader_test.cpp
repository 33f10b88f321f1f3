#include "transfer/ndjson_reader.hpp"

#include "unit/cli/reading.hpp"

#include <string>

using namespace cachekit;
using namespace cachekit::cli;
using namespace std::chrono_literals;

namespace {

std::vector<Row> read_lines(std::string text, FieldNames names = {}) {
  return read_all(RecordFormat::ndjson, std::move(text), std::move(names));
}

std::string problem_of(const std::string& line) {
  const std::vector<Row> rows = read_lines(line + "\n");
  REQUIRE(rows.size() == 1);
  return rows[0].problem;
}

}  // namespace

TEST_CASE("NDJSON gives keys, values and TTLs with their lines", "[cli][ndjson]") {
  const auto rows = read_lines(
      "{\"key\":\"a\",\"value\":\"1\"}\n"
      "\n"
      "{\"value\":\"tab\\tquote\\\"\",\"key\":\"b\",\"ttl\":\"1500ms\"}\r\n"
      "{\"key\":\"c\",\"value\":42,\"ttl\":\"250ms\",\"extra\":{\"deep\":[1,{}]}}");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].line == 1);
  CHECK(rows[0].record.key == "a");
  CHECK_FALSE(rows[0].record.ttl.has_value());
  CHECK(rows[1].line == 3);
  CHECK(rows[1].record.value == "tab\tquote\"");
  CHECK(rows[1].record.ttl == Ttl(1500ms));
  CHECK(rows[2].record.value == "42");
  CHECK(rows[2].record.ttl == Ttl(250ms));
}

TEST_CASE("NDJSON gives numbers as they were written", "[cli][ndjson]") {
  for (const std::string number :
       {"0", "-0", "1e400", "-1E-400", "1.10", "12345678901234567890", "-9223372036854775809",
        "0.1000000000000000055511151231257827", "1e5", "100000000000000000000000000000000"}) {
    INFO(number);
    const auto rows = read_lines("{\"deep\":[1,{\"x\":2e999}],\"n\":3,\"key\":" + number +
                                 ",\"value\":" + number + "}\n");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].problem == "");
    CHECK(rows[0].record.key == number);
    CHECK(rows[0].record.value == number);
  }
  for (const std::string text : {"01", "+1", "1.", ".5", "-", "1e", "0x1", "NaN", "Infinity"}) {
    CHECK(problem_of("{\"key\":\"a\",\"value\":" + text + "}").find("not valid JSON") == 0);
  }
}

TEST_CASE("NDJSON reads the same wherever the input is split", "[cli][ndjson]") {
  const std::string text =
      "{\"key\":\"\xC3\xA9\",\"value\":\"x\"}\n{\"key\":\"b\",\"value_base64\":\"/"
      "w==\"}\n";
  for (std::size_t at = 1; at < text.size(); ++at) {
    const auto reader = make_reader(RecordFormat::ndjson, split_at(text, at), {});
    const auto rows = read_all(*reader);
    REQUIRE(rows.size() == 2);
    REQUIRE(rows[0].record.key == "\xC3\xA9");
    REQUIRE(rows[1].record.value == "\xFF");
    REQUIRE(reader->bytes_taken() == text.size());
  }
}

TEST_CASE("NDJSON takes the fields that were named", "[cli][ndjson]") {
  const auto rows = read_lines("{\"sku\":7,\"doc\":\"v\",\"key\":[1]}\n", {"sku", "doc"});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].problem.empty());
  CHECK(rows[0].record.key == "7");
  CHECK(rows[0].record.value == "v");
}

TEST_CASE("NDJSON says what is wrong with a record and reads on", "[cli][ndjson]") {
  CHECK(problem_of("nonsense").find("not valid JSON") != std::string::npos);
  CHECK(problem_of("{\"key\":\"a\"").find("not valid JSON") != std::string::npos);
  CHECK(problem_of("{\"key\":\"\xFF\",\"value\":\"\"}").find("not valid JSON") !=
        std::string::npos);
  CHECK(problem_of("[1]") == "not a JSON object");
  CHECK(problem_of("3") == "not a JSON object");
  CHECK(problem_of("{\"key\":\"a\"}") == "no field 'value'");
  CHECK(problem_of("{\"value\":\"a\"}") == "no field 'key'");
  CHECK(problem_of("{\"key\":\"\",\"value\":\"a\"}") == "the key is empty");
  CHECK(problem_of("{\"key\":null,\"value\":\"a\"}") == "'key' is neither a string nor a number");
  CHECK(problem_of("{\"key\":\"a\",\"value\":{}}") == "'value' is neither a string nor a number");
  CHECK(problem_of("{\"key\":\"a\",\"value_base64\":\"!\"}") == "'value_base64' is not base64");
  CHECK(problem_of("{\"key\":\"a\",\"key\":\"b\",\"value\":\"\"}") == "'key' is given twice");
  CHECK(problem_of("{\"key\":\"a\",\"value\":\"\",\"ttl\":0}").find("'ttl'") == 0);
  CHECK(problem_of("{\"key\":\"a\",\"value\":\"\",\"ttl\":-5}").find("'ttl'") == 0);
  CHECK(problem_of("{\"key\":\"a\",\"value\":\"\",\"ttl\":1.5}").find("'ttl'") == 0);
  CHECK(problem_of("{\"key\":\"a\",\"value\":\"\",\"ttl\":\"soon\"}").find("'ttl'") == 0);
  CHECK(problem_of("{\"key\":\"a\",\"value\":\"\",\"ttl\":99999999999999999999}").find("'ttl'") ==
        0);

  const auto rows = read_lines("bad\n{\"key\":\"a\",\"value\":\"1\"}\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].problem.empty());
  CHECK(rows[1].line == 2);
}

TEST_CASE("NDJSON survives millions of nested brackets", "[cli][ndjson]") {
  const std::string deep(5'000'000, '[');
  CHECK_FALSE(problem_of(deep).empty());
  CHECK_FALSE(problem_of("{\"key\":\"a\",\"value\":\"b\",\"x\":" + deep).empty());
  CHECK(problem_of("{\"key\":\"a\",\"value\":\"b\",\"x\":" + deep + std::string(deep.size(), ']') +
                   "}")
            .empty());
}

TEST_CASE("a TTL of none is told from a TTL that is not given", "[cli][ndjson]") {
  const auto rows = read_lines(
      "{\"key\":\"a\",\"value\":\"\",\"ttl\":\"none\"}\n{\"key\":\"b\",\"value\":\"\",\"ttl\":null}"
      "\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].record.ttl == Ttl::none());
  CHECK_FALSE(rows[1].record.ttl.has_value());
}

TEST_CASE("an input that breaks off is an error, not an end", "[cli][ndjson]") {
  int calls = 0;
  NdjsonReader reader(
      [&calls](std::span<char> into) -> Result<std::size_t> {
        if (++calls > 1) return fail(Errc::invalid_argument, "disk on fire");
        const std::string_view text = "{\"key\":\"a\",\"value\":\"1\"}";
        std::copy(text.begin(), text.end(), into.begin());
        return text.size();
      },
      {});
  const auto row = reader.next();
  REQUIRE_FALSE(row.has_value());
  CHECK(row.error().message == "disk on fire");
}

TEST_CASE("a JSON array of objects is read like lines of them", "[cli][ndjson]") {
  const std::string text =
      "\n [\n {\"key\":\"a\",\"value\":\"]},[{\\\"\\\\\"},\n"
      "{\"key\":\"b\",\n\"value\":2,\"more\":[1,{\"x\":[]}]}\n ,3, {\"key\":\"c\"}, "
      "{\"key\":\"d\",\"value\":\"\"} ]\n{\"key\":\"e\",\"value\":\"1\"}\n";
  for (std::size_t piece = 1; piece < 40; ++piece) {
    NdjsonReader reader(pieces_of(text, piece), {});
    const auto rows = read_all(reader);
    REQUIRE(rows.size() == 6);
    CHECK(rows[0].record.key == "a");
    CHECK(rows[0].record.value == "]},[{\"\\");
    CHECK(rows[0].line == 3);
    CHECK(rows[1].record.value == "2");
    CHECK(rows[1].line == 4);
    CHECK(rows[2].problem == "not a JSON object");
    CHECK(rows[3].problem == "no field 'value'");
    CHECK(rows[3].line == 6);
    CHECK(rows[4].record.key == "d");
    CHECK(rows[5].record.key == "e");
    CHECK(rows[5].line == 7);
  }
}

TEST_CASE("an array that is never closed is no good input", "[cli][ndjson]") {
  const auto rows =
      read_lines("[{\"key\":\"a\",\"value\":\"1\"},\n{\"key\":\"b\",\"value\":\"2\"}\n");
  REQUIRE(rows.size() == 3);
  CHECK(rows[1].record.key == "b");
  CHECK(rows[2].problem.find("never closed") != std::string::npos);
  CHECK(read_lines("[]").empty());
  CHECK(read_lines(" [ ] \n").empty());
  CHECK(read_lines("[}").size() == 1);
}

TEST_CASE("a record above the limit is bad, and the next one is read", "[cli][ndjson]") {
  const std::string good = "{\"key\":\"a\",\"value\":\"1\"}";
  for (const std::string& text : {std::string(1000, 'x') + "\n" + good,
                                  "[\"" + std::string(1000, 'x') + "\"," + good + "]"}) {
    NdjsonReader reader(pieces_of(text, 4096), {}, 100);
    const auto rows = read_all(reader);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].problem == "longer than 100 bytes");
    CHECK(rows[1].record.key == "a");
  }
}
