#include "commands/commands.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "output/progress_bar.hpp"
#include "transfer/dumper.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

Error keys_left_out(const DumpResult& result) {
  const std::string& hint = result.left_out.hint();
  return {
      Errc::rejected,
      fmt::format("left out {} key{}: {}", result.unreadable, result.unreadable == 1 ? "" : "s",
                  result.left_out.text()),
      {},
      "everything else was dumped; " +
          (hint.empty() ? "save those with redis-cli, or narrow the dump with --pattern" : hint)};
}

ExitCode finish(const Context& context, const DumpResult& result) {
  if (result.error) throw Failure("dump", *result.error);
  if (result.unreadable > 0) throw Failure("dump", keys_left_out(result));
  context.require_whole_snapshot();
  return ExitCode::done;
}

ExitCode run_dump(Context& context, const std::string& pattern) {
  CacheBackend& backend = context.backend(Access::read);
  // A terminal shows the records themselves.
  ProgressBar bar(context.shows_progress() && !context.out.is_terminal());
  std::uint64_t written = 0;
  std::exception_ptr output_failed;  // Thrown on once the backend is out of the way.
  Dumper dumper(
      backend,
      [&](std::string_view lines) {
        try {
          context.out.write(lines);
          context.out.flush();
        } catch (...) {
          output_failed = std::current_exception();
          return false;
        }
        written += static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
        bar.show(std::nullopt, fmt::format("{} dumped", written));
        return true;
      },
      interrupted);
  const DumpResult result = dumper.run(pattern);
  bar.clear();
  if (result.shortened > 0) {
    context.warn(fmt::format("{} key{} to live for more than 10 years, written as {}",
                             result.shortened, result.shortened == 1 ? " was" : "s were",
                             to_string(Ttl(Ttl::max))));
  }
  if (output_failed) std::rethrow_exception(output_failed);
  return finish(context, result);
}

}  // namespace

CommandSpec dump_command() {
  const auto pattern = std::make_shared<std::string>("*");
  return {
      .name = "dump",
      .help = "Write all records as NDJSON that warm reads",
      .arguments = {{.name = "--pattern",
                     .type = "GLOB",
                     .default_text = "*",
                     .help = "Only keys that match",
                     .into = text(*pattern)}},
      .notes =
          "One record a line: {\"key\",\"value\",\"ttl\"}; key_base64 and value_base64 where the "
          "bytes are not UTF-8. Keys that expire meanwhile are left out; a key that moves "
          "meanwhile "
          "may come twice. A life of more than 10 years is written as 10 years, and told.\n\n"
          "Exit code 5: some keys hold lists, hashes or the like, which have no place in it, or a "
          "snapshot of the memory backend could not be loaded whole.",
      .examples = {{"cachekit -u redis://localhost:6379 dump > all.ndjson", "Everything"}},
      .run = [pattern](Context& context) { return run_dump(context, *pattern); },
  };
}

}  // namespace cachekit::cli
