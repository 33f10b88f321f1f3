#include "reference_facts.hpp"

#include <cachekit/config.hpp>
#include <cachekit/version.hpp>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

std::vector<Term> exit_codes() {
  return {
      {"0", "Done; a hit; also where a reader of the output went away"},
      {"1",
       "A \"no\": a miss, not stored, nothing deleted, some records were bad, or more than "
       "--max-errors allows"},
      {"2", "Usage"},
      {"3", "Configuration: file, profile, URL, environment"},
      {"4", "A server is out of reach, or the time ran out"},
      {"5",
       "A server or a limit said no, a cache had to let entries go that were just stored, standard "
       "input is closed, or the output, or a warning on stderr, cannot be written"},
      {"6", "This backend cannot do that"},
      {"7", "A bench gate fell short"},
      {"70", "A fault of our own"},
      {"129, 130, 143", "Ended by HUP, INT, TERM; what was measured so far is printed"},
  };
}

std::vector<Term> environment() {
  std::vector<Term> rows{
      {"CACHEKIT_PROFILE", "The profile, where --profile names none"},
      {"CACHEKIT_CONFIG", "The configuration file, where --config names none"},
  };
  for (const Option& option : options()) {
    if (option.environment.empty()) continue;
    rows.push_back(
        {std::string(option.environment), fmt::format("{}: {}", option.key, option.help)});
  }
  rows.push_back({"NO_COLOR", "Where it is not empty, output has no colour"});
  rows.push_back({"COLUMNS", "How wide the help is"});
  return rows;
}

}  // namespace

ReferenceFacts reference_facts() {
  return {
      .version = std::string(version()), .exit_codes = exit_codes(), .environment = environment()};
}

}  // namespace cachekit::cli
