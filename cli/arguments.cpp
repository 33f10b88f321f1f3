#include "arguments.hpp"

#include <algorithm>

namespace cachekit::cli {
namespace {

// CLI11 takes "[a,b]" for a list of two where several values may stand. A NUL at the end, which no
// argument can hold of its own, keeps keys of that look whole until each option takes it off.
constexpr char guard = '\0';

}  // namespace

std::vector<std::string> guarded_arguments(int argc, char** argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  for (std::string& argument : arguments) {
    if (argument.starts_with('[') && argument.ends_with(']')) argument += guard;
  }
  std::ranges::reverse(arguments);  // As CLI::App::parse wants them.
  return arguments;
}

void take_guards_off(CLI::App& app) {
  const auto unguarded = [](std::string text) {
    if (text.ends_with(guard)) text.pop_back();
    return text;
  };
  for (CLI::Option* option : app.get_options()) option->transform(unguarded);
  for (CLI::App* command : app.get_subcommands({})) take_guards_off(*command);
}

}  // namespace cachekit::cli
