#pragma once

#include "exit_code.hpp"
#include "parser/into.hpp"

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace cachekit::cli {

class Context;

/// How many values an argument has.
enum class Takes : std::uint8_t {
  nothing,   ///< A switch: `--json`.
  one,       ///< `--ttl 5m`; at most once.
  optional,  ///< `--watch` or `--watch 2s`; without a value it is `default_text`.
  many,      ///< A positional: `KEY...`. An option: one value each time, `-o A=1 -o B=2`.
};

/// What a bare number lacks; the value's parser refuses one.
enum class Unit : std::uint8_t {
  none,
  duration,  ///< 500ms, 30s, 5m, 1h30m, 7d
  size,      ///< 64KiB, 1GiB
  rate,      ///< 1000/s, the "/s" may be left out
};

/// One row of the command's table: an option ("--ttl") or a positional ("KEY"). Parser, help,
/// completion, man page and docs/cli.md are made from it.
struct ArgumentSpec {
  std::string_view name;  ///< "--ttl", or "KEY" for a positional.
  char letter = '\0';     ///< 'u' for "-u".
  Takes takes = Takes::one;
  std::string_view type{};  ///< Of the value, as help shows it: "DURATION", "FILE".
  Unit unit = Unit::none;
  std::string_view
      default_text{};  ///< What holds when it is left out; empty: nothing, or see help.
  std::string_view help{};
  std::string_view group{};                     ///< Its heading in the help; empty: "Options".
  std::vector<std::string_view> choices{};      ///< Nothing else is taken, if there are any.
  std::vector<std::string_view> suggestions{};  ///< For completion; others are taken too.
  std::vector<std::string_view> excludes{};     ///< Names of arguments that it cannot stand beside.
  std::vector<std::string_view> needs{};        ///< Names of arguments that it is nothing without.
  bool required = false;
  bool may_be_empty = false;  ///< Else an empty value, as of an unset variable, is refused.
  Into into{};

  [[nodiscard]] bool is_option() const noexcept { return name.starts_with('-'); }
};

/// A command line that works as it stands, and what it is for.
struct Example {
  std::string_view line;
  std::string_view says;
};

/// What a command does once the command line is parsed. Errors: throws `Failure`, `ClosedPipe`.
using Run = std::function<ExitCode(Context&)>;

/// When a command has something for stdout.
enum class Prints : std::uint8_t { always, only_json };

/// A command, or the whole of them (the root). Texts are of static storage.
struct CommandSpec {
  std::string_view name;
  std::string_view help{};  ///< One line.
  std::vector<ArgumentSpec> arguments{};
  std::string_view notes{};  ///< What else to know: paragraphs, with an empty line between two.
  std::vector<Example> examples{};
  std::vector<CommandSpec> commands{};  ///< `config show`: one of them must be named.
  Run run{};
  Prints prints = Prints::always;
};

}  // namespace cachekit::cli
