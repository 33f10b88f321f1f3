#include "app.hpp"

#include "arguments.hpp"
#include "command.hpp"
#include "commands/commands.hpp"
#include "context.hpp"
#include "data/standard_descriptors.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "option_types.hpp"
#include "output/printable.hpp"

#include <cachekit/units.hpp>
#include <cachekit/version.hpp>

#include <csignal>
#include <exception>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

void add_global_options(CLI::App& app, GlobalOptions& options) {
  app.add_option("-p,--profile", options.profile,
                 "Profile of the configuration; built in: dev, test, prod")
      ->type_name("NAME");
  app.add_option("-c,--config", options.config_file, "Configuration file (TOML)")
      ->type_name("FILE");
  app.add_option("-u,--url", options.url,
                 "The backend in place: memory:, redis://host:port/db, redis+unix:///path, "
                 "memcached://a:11211,b:11211")
      ->type_name("URL");
  app.add_option("-o,--option", options.options,
                 "Any option of the configuration, such as redis.pool_size=9")
      ->type_name("KEY=VALUE")
      ->check([](const std::string& text) {
        return text.find('=') == std::string::npos ? "needs KEY=VALUE" : "";
      })
      ->allow_extra_args(false);
  add_parsed(app, "--timeout", options.timeout, parse_duration,
             "Budget of one operation (default 500ms)")
      ->type_name("DURATION");
  app.add_flag("--json", options.json, "JSON on stdout");
  app.add_flag("-q,--quiet", options.quiet, "No warnings on stderr");
  app.add_flag("-v,--verbose", options.verbose, "Say on stderr what is used");
  app.add_option("--color", options.color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
}

// Global options may stand behind the command too, as people type them.
void allow_global_options_anywhere(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands({})) {
    command->fallthrough();
    for (CLI::App* inner : command->get_subcommands({})) inner->fallthrough();
  }
}

ExitCode usage_error(Context& context, const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  const std::string command = chosen.empty() ? "" : chosen.front()->get_name() + " ";
  context.report("usage", Error{Errc::invalid_argument, without_credentials(error.what()), "",
                                fmt::format("see 'cachekit {}--help'", command)});
  return ExitCode::usage;
}

ExitCode parse_and_run(CLI::App& app, Commands& commands, Context& context, int argc, char** argv) {
  try {
    app.parse(guarded_arguments(argc, argv));
  } catch (const CLI::CallForVersion&) {
    context.out.line(fmt::format("cachekit {}", version()));
    return ExitCode::done;
  } catch (const CLI::CallForHelp&) {
    context.out.write(app.help());  // Of the command that was named, if any.
    return ExitCode::done;
  } catch (const CLI::ParseError& error) {
    return usage_error(context, app, error);
  }
  if (!commands.any_chosen()) {
    return usage_error(context, app, CLI::RequiredError("a command, such as get, set or ping,"));
  }
  return commands.run_chosen(context);
}

// A failure of the outputs themselves leaves nothing to report to.
ExitCode finish(Context& context, ExitCode code) {
  try {
    context.out.flush();
    context.err.flush();
  } catch (const ClosedPipe&) {
    return code;
  } catch (const Failure& failure) {
    context.report(failure.what, failure.error);
    return failure.code;
  }
  return code;
}

ExitCode run_guarded(CLI::App& app, Commands& commands, Context& context, int argc, char** argv) {
  try {
    return parse_and_run(app, commands, context, argc, argv);
  } catch (const Failure& failure) {
    context.report(failure.what, failure.error);
    return failure.code;
  } catch (const ClosedPipe&) {
    return ExitCode::done;
  } catch (const std::exception& error) {
    context.report("internal fault",
                   Error{Errc::protocol, error.what(), "", "please report this with the command"});
    return ExitCode::fault;
  }
}

}  // namespace

ExitCode run(int argc, char** argv) {
  fill_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  handle_interrupts();
  Context context;
  CLI::App app("Look at, load, warm and measure caches: in-process memory, Redis, Memcached.",
               "cachekit");
  app.set_version_flag("--version", version(), "Print the version");
  app.require_subcommand(0, 1);  // None at all is told apart from an unknown one.
  add_global_options(app, context.options);
  Commands commands(app);
  add_all(commands);
  allow_global_options_anywhere(app);
  take_guards_off(app);
  try {
    const ExitCode code = finish(context, run_guarded(app, commands, context, argc, argv));
    return interrupted() && code != ExitCode::done ? ExitCode::interrupted : code;
  } catch (...) {
    return ExitCode::fault;
  }
}

}  // namespace cachekit::cli
