#include "output/shell_word.hpp"
#include "parser/completion.hpp"
#include "parser/completion_parts.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// "config show"; nothing for the root.
std::string name_below_root(const CommandPath& path) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < path.size(); ++i) names.emplace_back(path[i]->name);
  return joined(names, " ");
}

std::vector<std::string> flags_of(const ArgumentSpec& argument) {
  std::vector<std::string> flags{std::string(argument.name)};
  if (argument.letter != '\0') flags.push_back(fmt::format("-{}", argument.letter));
  return flags;
}

// Patterns of all options behind which a value stands.
std::string value_options(const CommandSpec& root) {
  std::vector<std::string> flags;
  each_command(root, [&](const CommandPath& path) {
    for (const ArgumentSpec& argument : path.back()->arguments) {
      if (!argument.is_option()) continue;
      if (argument.takes != Takes::one && argument.takes != Takes::many) continue;
      for (std::string& flag : flags_of(argument)) {
        if (std::ranges::find(flags, flag) == flags.end()) flags.push_back(std::move(flag));
      }
    }
  });
  return joined(flags, "|");
}

std::string command_names(const CommandSpec& root) {
  std::vector<std::string> names;
  each_command(root, [&](const CommandPath& path) {
    if (path.size() == 1) return;
    const std::string name = name_below_root(path);
    names.push_back(fmt::format("\"{}{}\"", path.size() == 2 ? " " : "", name));
  });
  return joined(names, "|");
}

// What completes the value of an option: "*" stands for any command.
std::string value_cases(const CommandPath& path) {
  std::string out;
  const std::string command = path.size() == 1 ? "*" : name_below_root(path);
  for (const ArgumentSpec& argument : path.back()->arguments) {
    if (!argument.is_option() || argument.takes == Takes::nothing) continue;
    std::vector<std::string> patterns;
    for (const std::string& flag : flags_of(argument)) {
      patterns.push_back(path.size() == 1 ? fmt::format("*\" {}\"", flag)
                                          : fmt::format("\"{} {}\"", command, flag));
    }
    out += fmt::format("    {}) ", joined(patterns, "|"));
    if (is_file(argument)) {
      out += "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return ;;\n";
    } else if (!candidates_of(argument).empty()) {
      out += fmt::format("words={}; own=1 ;;\n", single_quoted(candidate_words(argument)));
    } else {
      out += argument.takes == Takes::optional ? ";;\n" : "return ;;\n";
    }
  }
  return out;
}

std::string word_case(const CommandPath& path, const std::string& global_flags) {
  std::vector<std::string> words;
  bool files = false;
  for (const CommandSpec& inner : path.back()->commands) words.emplace_back(inner.name);
  for (const ArgumentSpec& argument : path.back()->arguments) {
    if (argument.is_option()) {
      for (std::string& flag : flags_of(argument)) words.push_back(std::move(flag));
    } else {
      files = files || is_file(argument);
      for (const std::string_view word : candidates_of(argument)) words.emplace_back(word);
    }
  }
  if (path.size() > 1) words.push_back(global_flags);
  words.emplace_back("--help");
  return fmt::format("    {}) words={}{} ;;\n", single_quoted(name_below_root(path)),
                     single_quoted(joined(words, " ")), files ? "; files=1" : "");
}

}  // namespace

std::string bash_completion(const CommandSpec& given) {
  const CommandSpec root = with_help_topics(given);
  std::vector<std::string> global_flags;
  for (const ArgumentSpec& argument : root.arguments) {
    for (std::string& flag : flags_of(argument)) global_flags.push_back(std::move(flag));
  }
  std::string values;
  std::string words;
  each_command(root, [&](const CommandPath& path) {
    if (path.size() > 1) values += value_cases(path);
    words += word_case(path, joined(global_flags, " "));
  });
  values += value_cases({&root});  // Last: a command's own option comes first.
  return fmt::format(
      "# bash completion for {0}: source <({0} completion bash)\n"
      "_{0}() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}\n"
      "  local command='' words='' own='' files='' ended='' i\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case ${{COMP_WORDS[i]}} in\n"
      "      --) ended=1; break ;;\n"
      "      {1}) ((i++)) ;;\n"
      "      *)\n"
      "        case \"$command ${{COMP_WORDS[i]}}\" in\n"
      "          {2}) command=\"${{command:+$command }}${{COMP_WORDS[i]}}\" ;;\n"
      "        esac ;;\n"
      "    esac\n"
      "  done\n"
      "  [ -n \"$ended\" ] || case \"$command $previous\" in\n"
      "{3}"
      "  esac\n"
      "  [ -n \"$own\" ] || case $command in\n"
      "{4}"
      "  esac\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" ${{ended:+-X '-*'}} -- \"$word\")\n"
      "  if [ -n \"$files\" ] && [ -z \"$own\" ]; then\n"
      "    compopt -o filenames\n"
      "    mapfile -t -O \"${{#COMPREPLY[@]}}\" COMPREPLY < <(compgen -f -- \"$word\")\n"
      "  fi\n"
      "}}\n"
      "complete -F _{0} {0}\n",
      root.name, value_options(root), command_names(root), values, words);
}

}  // namespace cachekit::cli
