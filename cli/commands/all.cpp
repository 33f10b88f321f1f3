#include "commands/commands.hpp"

#include <utility>

namespace cachekit::cli {

std::vector<CommandSpec> all_commands() {
  std::vector<CommandSpec> all;
  all.push_back(get_command());
  all.push_back(set_command());
  all.push_back(del_command());
  all.push_back(exists_command());
  all.push_back(ttl_command());
  all.push_back(touch_command());
  all.push_back(incr_command());
  all.push_back(keys_command());
  all.push_back(clear_command());
  all.push_back(ping_command());
  all.push_back(stats_command());
  all.push_back(warm_command());
  all.push_back(dump_command());
  all.push_back(bench_command());
  all.push_back(backends_command());
  all.push_back(config_command());
  all.push_back(doctor_command());
  all.push_back(completion_command());
  all.push_back(version_command());
  CommandSpec help = help_command();
  for (const CommandSpec& command : all) help.arguments.front().suggestions.push_back(command.name);
  all.push_back(std::move(help));
  return all;
}

}  // namespace cachekit::cli
