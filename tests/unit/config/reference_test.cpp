#include "config/reference.hpp"

#include "support.hpp"
#include "support/catch.hpp"

#include <sstream>

using namespace cachekit;
using namespace cachekit::test;

namespace {

// Takes the '#' off every line that holds an option.
std::string uncommented(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    const bool option = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    out += (option ? line.substr(1) : line) + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("docs/configuration.md holds the table of all options as it is", "[config]") {
  std::ifstream file(std::string(CACHEKIT_SOURCE_DIR) + "/docs/configuration.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  INFO("the document should hold:\n" << config::option_table_markdown());
  CHECK(document.find(config::option_table_markdown()) != std::string::npos);
  for (const std::string name : {"CACHEKIT_PROFILE", "CACHEKIT_CONFIG", "XDG_STATE_HOME"}) {
    CHECK(document.find(name) != std::string::npos);
  }
}

TEST_CASE("the template loads as it is, and changes nothing", "[config]") {
  const auto settings = load_text(config_template(), {}, {{"HOME", "/h"}});
  REQUIRE(settings);
  CHECK(settings->profile == "dev");
  CHECK(settings->memory.snapshot_file == "/h/.local/state/cachekit/dev.snapshot");
}

TEST_CASE("the template with every option taken in gives every default", "[config]") {
  const std::string text = uncommented(config_template());
  const auto settings = load_text(text);
  INFO((settings ? text : settings.error().message));
  REQUIRE(settings);
  for (const Option& option : options()) {
    CAPTURE(option.key);
    CHECK(option.get(*settings) == option.get(Settings{}));
    CHECK(settings->origins.at(std::string(option.key)) != "profile dev");
  }
}
