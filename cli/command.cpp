#include "command.hpp"

#include "failure.hpp"

namespace cachekit::cli {

ExitCode Commands::run_chosen(Context& context) const {
  if (chosen_.prints == Prints::always || context.options.json) context.out.require();
  return chosen_.run(context);
}

std::string Commands::help_of(const std::string& name) const {
  // App::help would give that of the command under way, which is help itself.
  if (name.empty()) {
    return app_.get_formatter()->make_help(&app_, app_.get_name(), CLI::AppFormatMode::Normal);
  }
  try {
    return app_.get_subcommand(name)->help(app_.get_name());
  } catch (const CLI::OptionNotFound&) {
    throw Failure("help", Error{Errc::invalid_argument, "there is no command '" + name + "'", "",
                                "'cachekit help' lists them all"});
  }
}

}  // namespace cachekit::cli
