#pragma once

#include "command.hpp"

namespace cachekit::cli {

// Each makes one command known; its file has the same name.
void add_backends(Commands& commands);
void add_bench(Commands& commands);
void add_clear(Commands& commands);
void add_config(Commands& commands);
void add_del(Commands& commands);
void add_dump(Commands& commands);
void add_doctor(Commands& commands);
void add_exists(Commands& commands);
void add_get(Commands& commands);
void add_help(Commands& commands);
void add_incr(Commands& commands);
void add_keys(Commands& commands);
void add_ping(Commands& commands);
void add_set(Commands& commands);
void add_stats(Commands& commands);
void add_touch(Commands& commands);
void add_ttl(Commands& commands);
void add_version(Commands& commands);
void add_warm(Commands& commands);

/// Every command, in the order of the help.
void add_all(Commands& commands);

}  // namespace cachekit::cli
