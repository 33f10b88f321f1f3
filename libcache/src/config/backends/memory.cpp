// The cache in the process, as configuration sees it.

#include "config/backends/types.hpp"

#include <array>

namespace cachekit::config::backends {
namespace {

constexpr std::array memory_parameters{
    UrlParameter{"capacity", "memory.capacity"},
    UrlParameter{"max_entries", "memory.max_entries"},
    UrlParameter{"policy", "memory.policy"},
    UrlParameter{"shards", "memory.shards"},
    UrlParameter{"snapshot_read_only", "memory.snapshot_read_only"},
    UrlParameter{"connection_timeout", "memory.connection_timeout"},
    UrlParameter{"operation_timeout", "operation_timeout"},
};

Result<void> apply_memory(UrlDraft& draft, const UrlParts& parts) {
  if (!parts.authority.empty() || parts.username || parts.password) {
    return draft.refuse("a memory URL names a file, no host",
                        "write memory: or memory:FILE?capacity=64MiB");
  }
  return draft.put("backend", "memory")
      .and_then([&] { return draft.put("memory.snapshot_file", parts.path); })
      .and_then([&] { return draft.put("memory.snapshot_read_only", "false"); })
      .and_then([&] { return draft.put_query(parts, memory_parameters); });
}

constexpr std::array memory_schemes{UrlScheme{"memory", "memory:, memory:FILE", apply_memory}};

std::vector<std::string> no_hosts(const Settings& /*settings*/) { return {}; }

Result<void> complete_memory(Settings& /*settings*/) { return {}; }

std::unique_ptr<CacheBackend> make_memory(const Settings& settings) {
  return std::make_unique<InMemoryBackend>(settings.memory);
}

void advise_memory(const Settings& settings, std::vector<Finding>& found) {
  if (!settings.production) return;
  found.push_back({.what = "in-process memory (Tier-1) in a production profile: every process has "
                           "a cache of its own",
                   .fix = "set backend to redis or memcached"});
}

}  // namespace

constinit const BackendType memory_type{
    .facts = {.name = "memory", .tier = Tier::in_process, .server_option = {}, .pool_option = {}},
    .schemes = memory_schemes,
    .hosts = no_hosts,
    .complete = complete_memory,
    .make = make_memory,
    .advise = advise_memory,
};

}  // namespace cachekit::config::backends
