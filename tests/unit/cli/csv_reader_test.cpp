#include "transfer/csv_reader.hpp"

#include "unit/cli/reading.hpp"

#include <string>

using namespace cachekit;
using namespace cachekit::cli;
using namespace std::chrono_literals;

namespace {

std::vector<Row> read(std::string text, FieldNames names = {}) {
  return read_all(RecordFormat::csv, std::move(text), std::move(names));
}

}  // namespace

TEST_CASE("CSV follows RFC 4180", "[cli][csv]") {
  const auto rows = read(
      "key,value,ttl\r\n"
      "a,1,30s\r\n"
      "\"b,c\",\"say \"\"hi\"\"\",\r\n"
      "\r\n"
      "d,\"two\r\nlines\",1.5s\r\n"
      "e,,\n"
      "f,last,none");
  REQUIRE(rows.size() == 5);
  CHECK(rows[0].record.ttl == Ttl(30s));
  CHECK(rows[1].record.key == "b,c");
  CHECK(rows[1].record.value == "say \"hi\"");
  CHECK_FALSE(rows[1].record.ttl.has_value());
  CHECK(rows[2].line == 5);
  CHECK(rows[2].record.value == "two\r\nlines");
  CHECK(rows[2].record.ttl == Ttl(1500ms));
  CHECK(rows[3].line == 7);
  CHECK(rows[3].record.value.empty());
  CHECK(rows[4].record.ttl == Ttl::none());
  for (const Row& row : rows) CHECK(row.problem.empty());
}

TEST_CASE("a TTL that is a bare number is bad, unless its unit was agreed upon",
          "[cli][csv][ndjson][units]") {
  const std::string csv = "key,value,ttl\na,1,60\nb,2,1.5\nc,3,30s\n";
  const std::string ndjson =
      "{\"key\":\"a\",\"value\":\"1\",\"ttl\":60}\n{\"key\":\"b\",\"value\":\"2\",\"ttl\":\"1.5\"}"
      "\n"
      "{\"key\":\"c\",\"value\":\"3\",\"ttl\":\"30s\"}\n";
  for (const auto& [format, text] :
       {std::pair(RecordFormat::csv, csv), std::pair(RecordFormat::ndjson, ndjson)}) {
    const auto refused = read_all(format, text, {});
    REQUIRE(refused.size() == 3);
    CHECK(refused[0].problem.find("write 60s") != std::string::npos);
    CHECK(refused[1].problem.find("write 1.5s") != std::string::npos);
    CHECK(refused[2].record.ttl == Ttl(30s));

    const auto seconds = read_all(format, text, {.ttl_unit = "s"});
    CHECK(seconds[0].record.ttl == Ttl(60s));
    CHECK(seconds[1].record.ttl == Ttl(1500ms));
    CHECK(seconds[2].record.ttl == Ttl(30s));
    CHECK(read_all(format, text, {.ttl_unit = "ms"})[0].record.ttl == Ttl(60ms));
  }
}

TEST_CASE("a TTL with an exponent is the whole number that it says, in every format",
          "[cli][csv]") {
  for (const auto& [format, text] :
       {std::pair(RecordFormat::csv,
                  std::string("key,value,ttl\na,1,1e3\nb,2,6.0E+1\nc,3,1e-3\nd,4,60000e-3\n")),
        std::pair(RecordFormat::ndjson,
                  std::string("{\"key\":\"a\",\"value\":\"1\",\"ttl\":1e3}\n"
                              "{\"key\":\"b\",\"value\":\"2\",\"ttl\":6.0E+1}\n"
                              "{\"key\":\"c\",\"value\":\"3\",\"ttl\":1e-3}\n"
                              "{\"key\":\"d\",\"value\":\"4\",\"ttl\":60000e-3}\n"))}) {
    const auto rows = read_all(format, text, {.ttl_unit = "s"});
    CHECK(rows.at(0).record.ttl == Ttl(1000s));
    CHECK(rows.at(1).record.ttl == Ttl(60s));
    CHECK(rows.at(2).problem.find("'ttl'") == 0);
    CHECK(rows.at(3).record.ttl == Ttl(60s));
    CHECK(read_all(format, text, {})[0].problem.find("write 1000s") != std::string::npos);
  }
}

TEST_CASE("CSV reads the same wherever the input is split", "[cli][csv]") {
  const std::string text = "key,value\r\n\"a\"\"b\",\"x\r\ny\"\r\nc,d\r\n";
  for (std::size_t at = 1; at < text.size(); ++at) {
    const auto rows = read_all(*make_reader(RecordFormat::csv, split_at(text, at), {}));
    REQUIRE(rows.size() == 2);
    REQUIRE(rows[0].record.key == "a\"b");
    REQUIRE(rows[0].record.value == "x\r\ny");
    REQUIRE(rows[1].record.value == "d");
    REQUIRE(rows[1].line == 4);
  }
}

TEST_CASE("CSV takes columns by name, in any order", "[cli][csv]") {
  const auto rows = read("price,sku,name\n9,A1,Lamp\n", {"sku", "name"});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].record.key == "A1");
  CHECK(rows[0].record.value == "Lamp");
}

TEST_CASE("CSV lets a base64 column stand in for the plain one", "[cli][csv]") {
  const auto rows = read("key,value,value_base64\na,plain,\nb,,/w==\nc,,\nd,x,/w==\n");
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].record.value == "plain");
  CHECK(rows[1].record.value == "\xFF");
  CHECK(rows[2].problem.empty());
  CHECK(rows[2].record.value.empty());
  CHECK(rows[3].problem == "'value' is given twice");
}

TEST_CASE("CSV says what is wrong with a row and reads on", "[cli][csv]") {
  const auto rows = read(
      "key,value\n"
      "only one\n"
      "a,b,c\n"
      "\"a\"x,b\n"
      ",empty key\n"
      "good,row\n"
      "x,\"never closed\n");
  REQUIRE(rows.size() == 6);
  CHECK(rows[0].problem == "1 columns where the header has 2");
  CHECK(rows[1].problem == "3 columns where the header has 2");
  CHECK(rows[2].problem == "text after the closing quote of column 1");
  CHECK(rows[3].problem == "the key is empty");
  CHECK(rows[4].problem.empty());
  CHECK(rows[4].line == 6);
  CHECK(rows[5].line == 7);
  CHECK(rows[5].problem == "the quote opened in line 7 is never closed");
}

TEST_CASE("CSV without the named columns is refused as a whole", "[cli][csv]") {
  const auto reader = make_reader(RecordFormat::csv, pieces_of("id,price\n1,2\n", 3), {});
  const auto row = reader->next();
  REQUIRE_FALSE(row.has_value());
  CHECK(row.error().code == Errc::invalid_argument);
  CHECK(row.error().message.find("'key' and 'value'") != std::string::npos);
}

TEST_CASE("an empty CSV has no rows", "[cli][csv]") { CHECK(read("").empty()); }

TEST_CASE("TSV splits at tabs and leaves commas alone", "[cli][csv]") {
  const auto rows = read_all(RecordFormat::tsv, "key\tvalue\na\t{\"x\":1,\"y\":2}\n");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].record.value == "{\"x\":1,\"y\":2}");
}

TEST_CASE("the format follows from the extension", "[cli][csv]") {
  CHECK(format_of("x.csv") == RecordFormat::csv);
  CHECK(format_of("x.tsv") == RecordFormat::tsv);
  CHECK(format_of("x.ndjson") == RecordFormat::ndjson);
  CHECK(format_of("-") == RecordFormat::ndjson);
}
