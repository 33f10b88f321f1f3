#include "parser/parse.hpp"

#include "output/printable.hpp"

#include <algorithm>
#include <map>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// Some texts mean more to CLI11 than they say: "[a,b]" is a list of two, "++" ends a command, "{}"
// and "%%" stand for empty lists, and an empty one behind an option that may stand alone is not
// there. A NUL at the end, which no argument can hold of its own, keeps them whole until they are
// handed over.
constexpr char guard = '\0';

std::string guarded(std::string text) {
  const bool special = text == "++" || text == "{}" || text == "%%";
  if (text.empty() || text.ends_with(']') || special) text += guard;
  return text;
}

std::string unguarded(std::string text) {
  std::erase(text, guard);
  return text;
}

std::string flag_names(const ArgumentSpec& spec) {
  return spec.letter == '\0' ? std::string(spec.name)
                             : fmt::format("-{},{}", spec.letter, spec.name);
}

// Carries the hint of what was refused past CLI11.
struct Refused : CLI::ValidationError {
  Refused(const std::string& name, const cachekit::Error& why)
      : CLI::ValidationError(name, why.message), hint(why.hint) {}
  std::string hint;
};

void hand_over(const ArgumentSpec& spec, const std::string& given) {
  const std::string name(spec.name);
  if (given.empty() && !spec.may_be_empty) {
    throw CLI::ValidationError(name, "the value is empty");
  }
  if (!spec.choices.empty() && std::ranges::find(spec.choices, given) == spec.choices.end()) {
    throw CLI::ValidationError(
        name, fmt::format("'{}' is none of {}", given, fmt::join(spec.choices, ", ")));
  }
  if (Result<void> taken = spec.into(given); !taken) throw Refused(name, taken.error());
}

CLI::Option* add_argument(CLI::App& app, const ArgumentSpec& spec) {
  const std::string name = flag_names(spec);
  if (spec.takes == Takes::nothing) {
    return app.add_flag_function(
        name, [&spec](std::int64_t count) { hand_over(spec, count > 0 ? "true" : "false"); });
  }
  CLI::Option* option = app.add_option(name, [&spec](const CLI::results_t& results) {
    for (const std::string& result : results) {
      const bool left_out = result.empty() && spec.takes == Takes::optional;
      hand_over(spec, left_out ? std::string(spec.default_text) : unguarded(result));
    }
    return true;
  });
  option->type_name(std::string(spec.type))->required(spec.required);
  if (spec.takes == Takes::optional) option->expected(0, 1);
  if (spec.takes == Takes::many) {
    option->expected(CLI::detail::expected_max_vector_size)->allow_extra_args(!spec.is_option());
  }
  return option;
}

void relate(CLI::App& app, const ArgumentSpec& spec) {
  CLI::Option* const option = app.get_option(std::string(spec.name));
  for (const std::string_view other : spec.excludes) {
    option->excludes(app.get_option(std::string(other)));
  }
  for (const std::string_view other : spec.needs) {
    option->needs(app.get_option(std::string(other)));
  }
}

void add_arguments(CLI::App& app, const CommandSpec& spec) {
  for (const ArgumentSpec& argument : spec.arguments) add_argument(app, argument);
  for (const ArgumentSpec& argument : spec.arguments) relate(app, argument);
  for (const CommandSpec& inner : spec.commands) {
    CLI::App& command = *app.add_subcommand(std::string(inner.name));
    command.fallthrough();
    if (!inner.commands.empty()) command.require_subcommand(0, 1);
    add_arguments(command, inner);
  }
}

// From the root to the innermost command that was named.
std::vector<const CommandSpec*> path_of(const CLI::App& app, const CommandSpec& root) {
  std::vector<const CommandSpec*> path{&root};
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    path.push_back(&*std::ranges::find(path.back()->commands, at->get_name(), &CommandSpec::name));
  }
  return path;
}

// What was in the way of the command that was named.
Error usage_error(const CLI::App& app, const std::string& message) {
  const auto chosen = app.get_subcommands();
  const std::string command = chosen.empty() ? "" : chosen.front()->get_name() + " ";
  return {Errc::invalid_argument, without_credentials(unguarded(message)), "",
          fmt::format("see 'cachekit {}--help'", command)};
}

// What was left over. Behind an option that is not known a value may stand, and be a secret.
std::string leftovers_text(std::vector<std::string> leftovers,
                           const std::vector<const CommandSpec*>& path) {
  const auto is_option = [](const std::string& word) { return word.size() > 1 && word[0] == '-'; };
  const bool options = std::ranges::any_of(leftovers, is_option);
  if (!path.back()->commands.empty() && !options) {
    return fmt::format("there is no command '{}{}'",
                       path.size() > 1 ? fmt::format("{} ", path.back()->name) : "",
                       leftovers.front());
  }
  if (options) {
    std::erase_if(leftovers, [&](const std::string& word) { return !is_option(word); });
    for (std::string& word : leftovers) word.resize(std::min(word.find('='), word.size()));
  }
  return fmt::format("The following argument{} not expected: {}",
                     leftovers.size() == 1 ? " was" : "s were", fmt::join(leftovers, " "));
}

std::string missing_command_text(const std::vector<const CommandSpec*>& path) {
  if (path.size() == 1) return "a command, such as get, set or ping, is required";
  std::vector<std::string_view> names;
  for (const CommandSpec& inner : path.back()->commands) names.push_back(inner.name);
  return fmt::format("'{}' needs one of its commands: {}", path.back()->name,
                     fmt::join(names, ", "));
}

bool takes_value(const CommandSpec& spec, std::string_view name) {
  const auto same = [&](const ArgumentSpec& row) {
    return row.name == name && row.takes != Takes::nothing;
  };
  return std::ranges::any_of(spec.arguments, same) ||
         std::ranges::any_of(spec.commands,
                             [&](const CommandSpec& inner) { return takes_value(inner, name); });
}

// "--url=" gives an empty value, where CLI11 would take the next argument for it.
void refuse_empty_assignments(const CommandSpec& root, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") return;
    if (!argument.starts_with("--") || argument.find('=') != argument.size() - 1) continue;
    const std::string name = argument.substr(0, argument.size() - 1);
    if (takes_value(root, name)) throw CLI::ValidationError(name, "the value is empty");
  }
}

}  // namespace

Result<Request> parse(const CommandSpec& root, int argc, const char* const* argv) {
  CLI::App app("", std::string(root.name));
  app.set_version_flag("--version", "");
  // Here and below: none at all is told apart from an unknown one.
  app.require_subcommand(0, 1);
  add_arguments(app, root);
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  std::ranges::transform(arguments, arguments.begin(), guarded);
  try {
    refuse_empty_assignments(root, arguments);
    std::ranges::reverse(arguments);  // As CLI11 wants them.
    app.parse(arguments);
  } catch (const CLI::CallForVersion&) {
    return Request{Request::Kind::version, path_of(app, root)};
  } catch (const CLI::CallForHelp&) {
    return Request{Request::Kind::help, path_of(app, root)};
  } catch (const Refused& error) {
    Error usage = usage_error(app, error.what());
    if (!error.hint.empty()) usage.hint = error.hint;
    return fail(std::move(usage));
  } catch (const CLI::ExtrasError&) {
    return fail(usage_error(app, leftovers_text(app.remaining(true), path_of(app, root))));
  } catch (const CLI::ParseError& error) {
    return fail(usage_error(app, error.what()));
  }
  std::vector<const CommandSpec*> path = path_of(app, root);
  if (!path.back()->commands.empty()) return fail(usage_error(app, missing_command_text(path)));
  return Request{Request::Kind::run, std::move(path)};
}

}  // namespace cachekit::cli
