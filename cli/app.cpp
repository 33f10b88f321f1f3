#include "app.hpp"

#include "command_line.hpp"
#include "context.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "parser/help.hpp"
#include "parser/parse.hpp"
#include "parser/wrap.hpp"
#include "transfer/standard_descriptors.hpp"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::cli {
namespace {

ExitCode run_command(Context& context, const CommandSpec& command) {
  // Nothing is done whose result cannot be told.
  if (command.prints == Prints::always || context.options.json) context.out.require();
  if (context.options.raw) context.out.trust_data();
  return command.run(context);
}

// "cachekit config show".
std::string words_of(const std::vector<const CommandSpec*>& path) {
  std::string words;
  for (const CommandSpec* const command : path) {
    if (!words.empty()) words += ' ';
    words += command->name;
  }
  return words;
}

// Also where the command line is wrong before it comes to that.
bool asks_for_json(int argc, char** argv) {
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  for (const std::string_view argument : arguments) {
    if (argument == "--") return false;
    if (argument == "--json") return true;
  }
  return false;
}

ExitCode parse_and_run(Context& context, int argc, char** argv) {
  const CommandSpec root = command_line(context.options);
  const Result<Request> request = parse(root, argc, argv);
  if (!request) {
    context.options.json = context.options.json || asks_for_json(argc, argv);
    throw Failure("usage", request.error(), ExitCode::usage);
  }
  switch (request->kind) {
    case Request::Kind::version:
      context.options.json = asks_for_json(argc, argv);
      return run_command(context, *std::ranges::find(root.commands, "version", &CommandSpec::name));
    case Request::Kind::help:
      context.out.write(help_text(request->path, terminal_columns()));
      return ExitCode::done;
    case Request::Kind::run:
      context.command = words_of(request->path);
      return run_command(context, *request->path.back());
  }
  return ExitCode::fault;
}

// The answer is lost, a change is not: to run the command again would make it twice.
Failure with_work_told(const Context& context, Failure failure) {
  if (!context.has_written()) return failure;
  failure.error.message += "; the command had done its work";
  failure.error.hint = "read back what it wrote before you run it again; and " + failure.error.hint;
  return failure;
}

ExitCode report_failure(Context& context, const Failure& failure) {
  context.report(failure.what, failure.error);
  return failure.code;
}

// A failure of the outputs themselves leaves nothing to report to.
ExitCode finish(Context& context, ExitCode code) {
  try {
    context.out.flush();
    context.err.flush();
  } catch (const ClosedPipe&) {
    return code;
  } catch (const OutputFailure& failure) {
    return report_failure(context, with_work_told(context, failure));
  }
  return code == ExitCode::done && context.left_untold() ? ExitCode::refused : code;
}

ExitCode run_guarded(Context& context, int argc, char** argv) {
  try {
    return parse_and_run(context, argc, argv);
  } catch (const OutputFailure& failure) {
    return report_failure(context, with_work_told(context, failure));
  } catch (const Failure& failure) {
    return report_failure(context, failure);
  } catch (const ClosedPipe&) {
    return ExitCode::done;
  } catch (const std::bad_alloc&) {
    context.report("memory",
                   Error{Errc::rejected, "out of memory", "", std::string(no_memory_hint)});
    return ExitCode::refused;
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
  std::signal(SIGXFSZ, SIG_IGN);  // A write above `ulimit -f` fails as on a full disk.
  handle_interrupts();
  Context context;
  try {
    const ExitCode code = finish(context, run_guarded(context, argc, argv));
    return interrupted() && code != ExitCode::done ? interrupted_code() : code;
  } catch (...) {
    return ExitCode::fault;
  }
}

}  // namespace cachekit::cli
