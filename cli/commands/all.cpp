#include "commands/commands.hpp"

namespace cachekit::cli {

void add_all(Commands& commands) {
  add_get(commands);
  add_set(commands);
  add_del(commands);
  add_exists(commands);
  add_ttl(commands);
  add_touch(commands);
  add_incr(commands);
  add_keys(commands);
  add_clear(commands);
  add_ping(commands);
  add_stats(commands);
  add_warm(commands);
  add_dump(commands);
  add_bench(commands);
  add_backends(commands);
  add_config(commands);
  add_doctor(commands);
  add_version(commands);
  add_help(commands);
}

}  // namespace cachekit::cli
