#include "commands/commands.hpp"
#include "data/byte_stream.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "option_types.hpp"
#include "output/json.hpp"

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
  std::string value;
  std::string file;
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
  if (!command.file.empty()) return read_value(command.file, most);
  return command.value == "-" ? read_value("-", most) : command.value;
}

ExitCode run_set(Context& context, const SetCommand& command) {
  const std::size_t most =
      context.unconnected_backend(Access::write).capabilities().max_value_bytes;
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
  return *stored ? ExitCode::done : ExitCode::no;
}

}  // namespace

void add_set(Commands& commands) {
  CLI::App& command = commands.add("set", "Store a value");
  const auto options = std::make_shared<SetCommand>();
  command.add_option("KEY", options->key, "Where to store it")->required();
  CLI::Option* value = command.add_option("VALUE", options->value, "The value; - reads stdin");
  CLI::Option* file = command.add_option("--file", options->file, "Read the value from a file");
  file->type_name("FILE")->excludes(value);
  add_ttl(command, options->ttl, "Let it expire, after 300ms, 30s, 7d, ...");
  CLI::Option* nx = command.add_flag("--nx", options->nx, "Only if the key does not exist");
  command.add_flag("--xx", options->xx, "Only if the key exists")->excludes(nx);
  commands.on(
      command,
      [options, value, file](Context& context) {
        if (value->count() + file->count() == 0) {
          throw Failure("usage", Error{Errc::invalid_argument, "set needs a VALUE, - or --file", "",
                                       "see 'cachekit set --help'"});
        }
        return run_set(context, *options);
      },
      Prints::only_json);
}

}  // namespace cachekit::cli
