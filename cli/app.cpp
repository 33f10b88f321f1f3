#include "app.hpp"

#include "command_line.hpp"
#include "context.hpp"
#include "data/standard_descriptors.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "parser/help.hpp"
#include "parser/parse.hpp"
#include "parser/wrap.hpp"

#include <cachekit/version.hpp>

#include <csignal>
#include <exception>
#include <new>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

ExitCode run_command(Context& context, const CommandSpec& command) {
  // Nothing is done whose result cannot be told.
  if (command.prints == Prints::always || context.options.json) context.out.require();
  return command.run(context);
}

ExitCode parse_and_run(Context& context, int argc, char** argv) {
  const CommandSpec root = command_line(context.options);
  const Result<Request> request = parse(root, argc, argv);
  if (!request) throw Failure("usage", request.error(), ExitCode::usage);
  switch (request->kind) {
    case Request::Kind::version:
      context.out.line(fmt::format("cachekit {}", version()));
      return ExitCode::done;
    case Request::Kind::help:
      context.out.write(help_text(request->path, terminal_columns()));
      return ExitCode::done;
    case Request::Kind::run:
      return run_command(context, *request->path.back());
  }
  return ExitCode::fault;
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

ExitCode run_guarded(Context& context, int argc, char** argv) {
  try {
    return parse_and_run(context, argc, argv);
  } catch (const Failure& failure) {
    context.report(failure.what, failure.error);
    return failure.code;
  } catch (const ClosedPipe&) {
    return ExitCode::done;
  } catch (const std::bad_alloc&) {
    context.report("memory", Error{Errc::rejected, "out of memory", "",
                                   "give it less at once, or raise the limit (ulimit -v)"});
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
