#include "transfer/dumper.hpp"
#include "transfer/ttl_text.hpp"
#include "unit/cli/reading.hpp"

#include <string>

using namespace cachekit;
using namespace cachekit::cli;
using namespace std::chrono_literals;

TEST_CASE("a dumped record reads back byte for byte", "[cli][dump]") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  std::vector<std::string> texts{"plain", "\xC3\xA9 \" \\ / \n \t", std::string("\0nul", 4), all};
  for (int i = 0; i < 256; ++i) texts.emplace_back(1, static_cast<char>(i));

  for (const std::string& text : texts) {
    for (const Ttl& ttl : {Ttl::none(), Ttl(1ms), Ttl(90'061'001ms), Ttl(Ttl::max)}) {
      const std::string line = record_line(text, text, ttl);
      REQUIRE(line.find('\n') == line.size() - 1);
      const auto rows = read_all(RecordFormat::ndjson, line);
      REQUIRE(rows.size() == 1);
      REQUIRE(rows[0].problem == "");
      REQUIRE(rows[0].record.key == text);
      REQUIRE(rows[0].record.value == text);
      REQUIRE(rows[0].record.ttl.value_or(Ttl::none()) == ttl);
    }
  }
}

TEST_CASE("a dumped record is readable where its bytes are text", "[cli][dump]") {
  CHECK(record_line("k", "v", Ttl::none()) == "{\"key\":\"k\",\"value\":\"v\"}\n");
  CHECK(record_line("k", "\xFF", 1500ms) ==
        "{\"key\":\"k\",\"value_base64\":\"/w==\",\"ttl\":\"1500ms\"}\n");
}

TEST_CASE("a TTL without a unit is told to be written as seconds where that would do",
          "[cli][ndjson]") {
  const auto problem_of = [](const std::string& ttl) {
    return read_all(RecordFormat::ndjson, R"({"key":"k","value":"v","ttl":)" + ttl + "}\n")
        .at(0)
        .problem;
  };
  CHECK(problem_of("60").find("write 60s, or say with --ttl-unit") != std::string::npos);
  for (const std::string never : {"0", "5000000000"}) {
    CHECK(problem_of(never).find("has no unit: say with --ttl-unit") != std::string::npos);
  }
}

TEST_CASE("no TTL is proposed that would be refused", "[cli][ttl]") {
  CHECK(parse_ttl("60").error().hint.find("write 60s") != std::string::npos);
  CHECK(parse_ttl("5000000000").error().hint.find("5000000000s") == std::string::npos);
  CHECK(parse_ttl("0").error().hint.find("0s") == std::string::npos);
}
