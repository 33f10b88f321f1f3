#include "commands/commands.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "option_types.hpp"
#include "output/json.hpp"

#include <cachekit/units.hpp>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

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

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Failure unreadable(const std::string& name) {
  return {"set",
          Error{Errc::invalid_argument,
                fmt::format("{} cannot be read: {}", name, std::system_category().message(errno)),
                "", "check the path and its permissions"}};
}

// No backend takes more; an endless input shall end here and not with the machine's memory.
constexpr Bytes largest_input = gibibytes(1);

std::string read_all(std::FILE* from, const std::string& name) {
  std::string bytes;
  char buffer[65'536];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, from)) {
    bytes.append(buffer, n);
    if (bytes.size() > largest_input.count) {
      throw Failure("set", Error{Errc::too_large,
                                 fmt::format("{} holds more than {}; nothing was stored", name,
                                             format_bytes(largest_input)),
                                 "", ""});
    }
  }
  if (interrupted()) throw Failure("set", Error{Errc::cancelled, "interrupted", "", ""});
  if (std::ferror(from) != 0) throw unreadable(name);
  return bytes;
}

std::string value_of(const SetCommand& command) {
  if (!command.file.empty()) {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(command.file.c_str(), "rb"));
    if (!file) throw unreadable(command.file);
    return read_all(file.get(), command.file);
  }
  return command.value == "-" ? read_all(stdin, "standard input") : command.value;
}

ExitCode run_set(Context& context, const SetCommand& command) {
  const std::string value = value_of(command);
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
  commands.on(command, [options, value, file](Context& context) {
    if (value->count() + file->count() == 0) {
      throw Failure("usage", Error{Errc::invalid_argument, "set needs a VALUE, - or --file", "",
                                   "see 'cachekit set --help'"});
    }
    return run_set(context, *options);
  });
}

}  // namespace cachekit::cli
