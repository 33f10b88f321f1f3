#pragma once

#include "context.hpp"
#include "exit_code.hpp"

#include <functional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

namespace cachekit::cli {

/// What a command does once the command line is parsed. Errors: throws `Failure`, `ClosedPipe`.
using Run = std::function<ExitCode(Context&)>;

/// When a command has something for stdout.
enum class Prints { always, only_json };

/// Where commands make themselves known: one function a command, one line each in app.cpp.
class Commands {
 public:
  explicit Commands(CLI::App& app) : app_(app) {}

  /// A new subcommand, to be given its options.
  [[nodiscard]] CLI::App& add(const std::string& name, const std::string& help) {
    return *app_.add_subcommand(name, help);
  }
  /// What to do when `command` was named.
  void on(CLI::App& command, Run run, Prints prints = Prints::always) {
    command.callback([this, run = std::move(run), prints] { chosen_ = {run, prints}; });
  }
  /// Whether a command was named.
  [[nodiscard]] bool any_chosen() const noexcept { return static_cast<bool>(chosen_.run); }
  /// Runs it, once it is sure that its result can be told. Requires: `any_chosen()`.
  [[nodiscard]] ExitCode run_chosen(Context& context) const;
  /// The help of one command, or of all for an empty name. Errors: throws `Failure`.
  [[nodiscard]] std::string help_of(const std::string& name) const;

 private:
  struct Chosen {
    Run run{};
    Prints prints = Prints::always;
  };

  CLI::App& app_;
  Chosen chosen_;
};

}  // namespace cachekit::cli
