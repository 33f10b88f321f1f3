#include "parser/completion_parts.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::cli {
namespace {

void visit_below(CommandPath& path, const std::function<void(const CommandPath&)>& visit) {
  visit(path);
  for (const CommandSpec& inner : path.back()->commands) {
    path.push_back(&inner);
    visit_below(path, visit);
    path.pop_back();
  }
}

// Its name and those of the commands below it, as a topic of help.
CommandSpec topic_of(const CommandSpec& command) {
  CommandSpec topic{.name = command.name, .help = command.help};
  for (const CommandSpec& inner : command.commands) topic.commands.push_back(topic_of(inner));
  return topic;
}

}  // namespace

CommandSpec with_help_topics(CommandSpec root) {
  const auto help = std::ranges::find(root.commands, "help", &CommandSpec::name);
  if (help == root.commands.end()) return root;
  std::erase_if(help->arguments, [](const ArgumentSpec& row) { return !row.is_option(); });
  for (const CommandSpec& command : root.commands) {
    if (&command != &*help) help->commands.push_back(topic_of(command));
  }
  return root;
}

void each_command(const CommandSpec& root, const std::function<void(const CommandPath&)>& visit) {
  CommandPath path{&root};
  visit_below(path, visit);
}

const std::vector<std::string_view>& candidates_of(const ArgumentSpec& argument) {
  return argument.choices.empty() ? argument.suggestions : argument.choices;
}

std::string candidate_words(const ArgumentSpec& argument) {
  const auto& candidates = candidates_of(argument);
  return joined(std::vector<std::string>(candidates.begin(), candidates.end()), " ");
}

bool is_file(const ArgumentSpec& argument) { return argument.type == "FILE"; }

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : separator).append(word);
  return out;
}

}  // namespace cachekit::cli
