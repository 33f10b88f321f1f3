// The table of the whole command line: what holds for every row of it.

#include "command_line.hpp"

#include "parser/completion_parts.hpp"
#include "parser/help.hpp"
#include "parser/parse.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace cachekit;
using namespace cachekit::cli;

namespace {

GlobalOptions& unused_options() {
  static GlobalOptions options;
  return options;
}

// With the table that its answer points into.
struct Line {
  GlobalOptions options{};
  CommandSpec root = command_line(options);
  Result<Request> request = Request{};
};

std::unique_ptr<Line> parsed_line(const std::vector<std::string>& words) {
  auto line = std::make_unique<Line>();
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  line->request = parse(line->root, static_cast<int>(pointers.size()), pointers.data());
  return line;
}

std::vector<std::string> names_of(const CommandPath& path) {
  std::vector<std::string> names;
  for (const CommandSpec* command : path) names.emplace_back(command->name);
  return names;
}

bool is_known(const CommandSpec& command, std::string_view name) {
  return std::ranges::find(command.arguments, name, &ArgumentSpec::name) != command.arguments.end();
}

// The words behind "cachekit", as a shell would split them; only single quotes are known.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words{"cachekit"};
  std::string word;
  bool quoted = false;
  line.remove_prefix(line.find("cachekit ") + 9);
  for (const char c : std::string(line) + ' ') {
    if (c == '\'') {
      quoted = !quoted;
    } else if (quoted || (c != ' ' && c != ')')) {
      word += c;
    } else if (!word.empty()) {
      if (word == ">" || word == "|") break;
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

}  // namespace

TEST_CASE("every row of the table is complete and names rows that are there", "[cli][parser]") {
  each_command(command_line(unused_options()), [](const CommandPath& path) {
    const CommandSpec& command = *path.back();
    INFO(full_name(path));
    CHECK_FALSE(command.help.empty());
    CHECK(static_cast<bool>(command.run) == command.commands.empty());
    for (const ArgumentSpec& argument : command.arguments) {
      INFO(argument.name);
      CHECK_FALSE(argument.help.empty());
      CHECK(argument.into);
      if (argument.is_option()) CHECK((argument.takes == Takes::nothing) == argument.type.empty());
      for (const auto name : argument.excludes) CHECK(is_known(command, name));
      for (const auto name : argument.needs) CHECK(is_known(command, name));
    }
  });
}

TEST_CASE("every default and every choice is one that the row itself takes", "[cli][parser]") {
  each_command(command_line(unused_options()), [](const CommandPath& path) {
    for (const ArgumentSpec& argument : path.back()->arguments) {
      INFO(full_name(path) << " " << argument.name);
      if (!argument.default_text.empty()) CHECK(argument.into(argument.default_text));
      for (const auto choice : argument.choices) CHECK(argument.into(choice));
    }
  });
}

TEST_CASE("a number without a unit is refused wherever one is due, with what to write",
          "[cli][parser][units]") {
  int seen = 0;
  each_command(command_line(unused_options()), [&](const CommandPath& path) {
    for (const ArgumentSpec& argument : path.back()->arguments) {
      INFO(full_name(path) << " " << argument.name);
      if (argument.unit == Unit::duration) {
        const Result<void> taken = argument.into("60");
        REQUIRE_FALSE(taken);
        CHECK(taken.error().hint.find("60s") != std::string::npos);
        CHECK(argument.into("60s"));
        ++seen;
      } else if (argument.unit == Unit::size) {
        const Result<void> taken = argument.into("64");
        REQUIRE_FALSE(taken);
        CHECK(taken.error().hint.find("64MiB") != std::string::npos);
        CHECK(argument.into("64MiB"));
        ++seen;
      } else if (argument.type == "DURATION" || argument.type.find("SIZE|") == 0) {
        FAIL("a type that has a unit, and a row that does not say so");
      }
    }
  });
  CHECK(seen >= 8);
}

TEST_CASE("no option takes an empty value, however it is written", "[cli][parser]") {
  each_command(command_line(unused_options()), [](const CommandPath& path) {
    for (const ArgumentSpec& argument : path.back()->arguments) {
      if (!argument.is_option() || argument.takes == Takes::nothing) continue;
      const std::string name(argument.name);
      for (const bool assigned : {false, true}) {
        std::vector<std::string> words = names_of(path);
        words.push_back(assigned ? name + "=" : name);
        if (!assigned) words.emplace_back();
        for (const char* rest : {"get", "k"}) words.emplace_back(rest);
        INFO(full_name(path) << " " << words.back());
        const auto line = parsed_line(words);
        REQUIRE_FALSE(line->request);
        CHECK(line->request.error().message.find(name + ": the value is empty") == 0);
      }
    }
  });
}

TEST_CASE("every example of the help is a command line that is understood", "[cli][parser]") {
  int seen = 0;
  each_command(command_line(unused_options()), [&](const CommandPath& path) {
    for (const Example& example : path.back()->examples) {
      INFO(example.line);
      const auto line = parsed_line(words_of(example.line));
      const Result<Request>& request = line->request;
      REQUIRE(request);
      CHECK(request->kind == Request::Kind::run);
      CHECK(full_name(request->path).find(full_name(path)) == 0);
      ++seen;
    }
  });
  CHECK(seen > 20);
}

TEST_CASE("the help fits into terminals of 40 columns and of 100", "[cli][help]") {
  for (const std::size_t columns : {std::size_t{40}, std::size_t{80}, std::size_t{100}}) {
    each_command(command_line(unused_options()), [&](const CommandPath& path) {
      std::istringstream lines(help_text(path, columns));
      std::string line;
      while (std::getline(lines, line)) {
        INFO(full_name(path) << ": " << line);
        CHECK(line.size() <= columns);
        CHECK_FALSE(line.ends_with(' '));
      }
    });
  }
}

TEST_CASE("the help names every row, its default and its choices", "[cli][help]") {
  each_command(command_line(unused_options()), [](const CommandPath& path) {
    const std::string help = help_text(path, 100);
    for (const ArgumentSpec& argument : path.back()->arguments) {
      INFO(full_name(path) << " " << argument.name);
      CHECK(help.find(label_of(argument)) != std::string::npos);
    }
    for (const CommandSpec& inner : path.back()->commands) {
      CHECK(help.find("\n  " + std::string(inner.name)) != std::string::npos);
    }
  });
}

TEST_CASE("a command in a hint names the target that was asked for", "[cli][hints]") {
  Context context;
  CHECK(context.for_target("ping") == "'cachekit ping'");
  context.options.profile = "prod";
  context.options.options = {"redis.pool_size=9"};
  CHECK(context.for_target("config show") == "'cachekit -p prod -o redis.pool_size=9 config show'");
  context.options.url = "redis://h:1/0?db=1&pool_size=2";
  CHECK(context.for_target("ping") ==
        "`cachekit -p prod -u 'redis://h:1/0?db=1&pool_size=2' -o redis.pool_size=9 ping`");
}

TEST_CASE("a command in a hint names no secret", "[cli][hints]") {
  Context by_url;
  by_url.options.url = "redis://:c4nary@h:1";
  CHECK(by_url.for_target("ping") == "'cachekit ping', with the options that you gave here");
  Context by_option;
  by_option.options.options = {"redis.password=c4nary"};
  CHECK(by_option.for_target("ping").find("c4nary") == std::string::npos);
}

TEST_CASE("several keys, and several options of a kind, all arrive", "[cli][parser]") {
  const auto line = parsed_line({"cachekit", "-o", "a=1", "get", "x", "y", "z", "-o", "b=2"});
  REQUIRE(line->request);
  CHECK(line->options.options == std::vector<std::string>{"a=1", "b=2"});
  CHECK_FALSE(parsed_line({"cachekit", "ttl", "x", "y"})->request);
  CHECK_FALSE(parsed_line({"cachekit", "-u", "memory:", "-u", "memory:a", "get", "k"})->request);
}

TEST_CASE("keys and globs that look like CLI11's own notation arrive whole", "[cli][parser]") {
  for (const std::string key : {"[a,b]", "[a]", "++", "{}", "%%", "a]"}) {
    std::vector<std::string> keys;
    CommandSpec root{
        .name = "cachekit",
        .commands = {{.name = "get",
                      .help = "",
                      .arguments = {{.name = "KEY", .takes = Takes::many, .into = texts(keys)},
                                    {.name = "--pattern", .type = "GLOB", .into = texts(keys)}}}}};
    const std::string assigned = "--pattern=" + key;
    const char* const words[] = {"cachekit", "get", key.c_str(), assigned.c_str()};
    REQUIRE(parse(root, 4, words));
    CHECK(keys == std::vector<std::string>{key, key});
  }
}
