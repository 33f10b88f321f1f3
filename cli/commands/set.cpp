#include "commands/commands.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "option_types.hpp"
#include "output/json.hpp"
#include "transfer/byte_stream.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

struct SetCommand {
  std::string key;
  std::optional<std::string> value;
  std::optional<std::string> file;
  std::optional<Ttl> ttl;
  bool nx = false;
  bool xx = false;
};

// What the input holds, but at most one byte more than the backend takes, which then refuses it: an
// endless input shall end here and not with the machine's memory.
std::string read_value(const std::string& input, std::size_t most) {
  const ReadSome read = value_or_fail("set", open_input(input, interrupted));
  std::vector<char> piece(std::size_t{64} * 1024);
  std::string value;
  while (value.size() <= most) {
    const std::size_t got = value_or_fail("set", read(piece));
    if (got == 0) break;
    const std::size_t taken = std::min(got, most + 1 - value.size());
    if (value.capacity() < value.size() + taken) {
      value.reserve(std::min(most + 1, std::max(value.size() * 2, value.size() + taken)));
    }
    value.append(piece.data(), taken);
  }
  return value;
}

std::string value_of(const SetCommand& command, std::size_t most) {
  if (command.file) return read_value(*command.file, most);
  return *command.value == "-" ? read_value("-", most) : *command.value;
}

ExitCode run_set(Context& context, const SetCommand& command) {
  if (!command.value && !command.file) {
    throw Failure("usage", Error{Errc::invalid_argument, "set needs a VALUE, - or --file", "",
                                 "see 'cachekit set --help'"});
  }
  const std::size_t most = context.value_limit(context.unconnected_backend(Access::write));
  const std::string value = value_of(command, most);
  CacheBackend& backend = context.backend(Access::write);
  const auto stored = backend.set(command.key, value,
                                  {.ttl = command.ttl.value_or(Ttl::none()),
                                   .condition = command.nx   ? SetCondition::if_absent
                                                : command.xx ? SetCondition::if_present
                                                             : SetCondition::always});
  context.flush_backend();  // After too_large too: the older value is gone.
  if (!stored) throw Failure("set " + command.key, stored.error());
  if (context.options.json) {
    Json line;
    put_bytes(line, "key", command.key);
    line["stored"] = *stored;
    context.out.line(dump(line));
  } else if (!*stored) {
    context.note(fmt::format("cachekit: set: {}: not stored, {}", command.key,
                             command.nx ? "it exists" : "it does not exist"));
  }
  if (*stored) return ExitCode::done;
  return command.nx ? ExitCode::no : context.report_not_found();
}

}  // namespace

CommandSpec set_command() {
  const auto options = std::make_shared<SetCommand>();
  return {
      .name = "set",
      .help = "Store a value",
      .arguments = {{.name = "KEY",
                     .help = "Where to store it",
                     .required = true,
                     .into = text(options->key)},
                    {.name = "VALUE",
                     .help = "The value; - reads stdin",
                     .may_be_empty = true,
                     .into = text(options->value)},
                    {.name = "--file",
                     .type = "FILE",
                     .help = "Read the value from a file",
                     .excludes = {"VALUE"},
                     .into = text(options->file)},
                    ttl_argument(options->ttl, "Let it expire, after 300ms, 30s, 7d, ..."),
                    {.name = "--nx",
                     .takes = Takes::nothing,
                     .help = "Only if the key does not exist",
                     .into = switch_on(options->nx)},
                    {.name = "--xx",
                     .takes = Takes::nothing,
                     .help = "Only if the key exists",
                     .excludes = {"--nx"},
                     .into = switch_on(options->xx)}},
      .examples = {{"cachekit set greeting hello --ttl 5m", "Gone in five minutes"},
                   {"cachekit set page --file index.html", "The bytes of a file"},
                   {"date | cachekit set now -", "From a pipe"}},
      .run = [options](Context& context) { return run_set(context, *options); },
      .prints = Prints::only_json,
  };
}

}  // namespace cachekit::cli
