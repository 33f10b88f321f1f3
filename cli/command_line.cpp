#include "command_line.hpp"

#include "commands/commands.hpp"
#include "option_types.hpp"

#include <string_view>
#include <vector>

namespace cachekit::cli {
namespace {

Into key_values(std::vector<std::string>& into) {
  return [&into](std::string_view given) -> Result<void> {
    if (given.find('=') == std::string_view::npos) {
      return fail(Errc::invalid_argument, "needs KEY=VALUE");
    }
    into.emplace_back(given);
    return {};
  };
}

std::vector<ArgumentSpec> target_arguments(GlobalOptions& options) {
  return {
      {.name = "--profile",
       .letter = 'p',
       .type = "NAME",
       .help = "Profile of the configuration; built in: dev, test, prod",
       .suggestions = {"dev", "test", "prod"},
       .into = text(options.profile)},
      {.name = "--config",
       .letter = 'c',
       .type = "FILE",
       .help = "Configuration file (TOML)",
       .into = text(options.config_file)},
      {.name = "--url",
       .letter = 'u',
       .type = "URL",
       .help = "The backend in place: memory:, redis://host:port/db, redis+unix:///path, "
               "memcached://a:11211,b:11211",
       .suggestions = {"memory:", "redis://", "redis+unix:///", "memcached://"},
       .into = text(options.url)},
      {.name = "--option",
       .letter = 'o',
       .takes = Takes::many,
       .type = "KEY=VALUE",
       .help = "Any option of the configuration, such as redis.pool_size=9",
       .into = key_values(options.options)},
      {.name = "--timeout",
       .type = "DURATION",
       .unit = Unit::duration,
       .default_text = "500ms",
       .help =
           "Budget of one operation, of a Memcached fleet also of connecting; forever for none. A "
           "single server has connection_timeout for that",
       .into = parsed(options.timeout, parse_timeout)},
  };
}

std::vector<ArgumentSpec> output_arguments(GlobalOptions& options) {
  return {
      {.name = "--json",
       .takes = Takes::nothing,
       .help = "JSON on stdout",
       .into = switch_on(options.json)},
      {.name = "--raw",
       .takes = Takes::nothing,
       .help = "Keys and values as they are, also on a terminal",
       .into = switch_on(options.raw)},
      {.name = "--quiet",
       .letter = 'q',
       .takes = Takes::nothing,
       .help = "No warnings on stderr, except of lost data",
       .into = switch_on(options.quiet)},
      {.name = "--verbose",
       .letter = 'v',
       .takes = Takes::nothing,
       .help = "Say on stderr what is used",
       .into = switch_on(options.verbose)},
      {.name = "--color",
       .type = "WHEN",
       .default_text = "auto",
       .help = "auto, always or never",
       .choices = {"auto", "always", "never"},
       .into = text(options.color)},
  };
}

}  // namespace

CommandSpec command_line(GlobalOptions& options) {
  CommandSpec root{
      .name = "cachekit",
      .help = "Look at, load, warm and measure caches: in-process memory, Redis, Memcached.",
      .arguments = target_arguments(options),
      .commands = all_commands(),
  };
  for (ArgumentSpec& argument : output_arguments(options)) {
    root.arguments.push_back(std::move(argument));
  }
  return root;
}

}  // namespace cachekit::cli
