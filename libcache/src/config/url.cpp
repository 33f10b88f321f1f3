// Backend URLs. One that cannot be understood to its last letter is refused: a part that was
// passed over in silence could mean another server, another database or no encryption.

#include "config/url.hpp"

#include "config/apply.hpp"
#include "config/option_table.hpp"
#include "config/url_parts.hpp"
#include "config/words.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace cachekit {
namespace config {
namespace {

constexpr std::string_view known_schemes =
    "memory:, memory:FILE, redis://, redis+unix:// and memcached://";

constexpr std::array<std::string_view, 4> later_schemes{"rediss", "redis+cluster", "rediss+cluster",
                                                        "redis+sentinel"};

struct Parameter {
  std::string_view name;
  std::string_view key;
};

constexpr std::array memory_parameters{
    Parameter{"capacity", "memory.capacity"},
    Parameter{"max_items", "memory.max_items"},
    Parameter{"policy", "memory.policy"},
    Parameter{"shards", "memory.shards"},
    Parameter{"snapshot_read_only", "memory.snapshot_read_only"},
    Parameter{"connection_timeout", "memory.connection_timeout"},
    Parameter{"operation_timeout", "operation_timeout"},
};
constexpr std::array redis_parameters{
    Parameter{"db", "redis.database"},
    Parameter{"pool_size", "redis.pool_size"},
    Parameter{"connection_timeout", "redis.connection_timeout"},
    Parameter{"client_name", "redis.client_name"},
    Parameter{"max_value", "redis.max_value"},
    Parameter{"operation_timeout", "operation_timeout"},
};
constexpr std::array memcached_parameters{
    Parameter{"max_connections", "memcached.max_connections"},
    Parameter{"min_connections", "memcached.min_connections"},
    Parameter{"connection_timeout", "memcached.connection_timeout"},
    Parameter{"max_value", "memcached.max_value"},
    Parameter{"operation_timeout", "operation_timeout"},
};

// The settings under construction, and where a URL's values are said to come from.
class Draft {
 public:
  Draft(const Settings& settings, const std::string& origin, const Environment& environment)
      : settings_(settings), origin_(origin), environment_(environment) {}

  Result<void> put(std::string_view key, std::string_view text) {
    return apply_option(settings_, *find_option(key), text, origin_, environment_);
  }

  tl::unexpected<Error> refuse(std::string_view what, std::string hint) const {
    return fail(Errc::invalid_argument, fmt::format("{}: {}", origin_, what), {}, std::move(hint));
  }

  Result<void> put_query(const UrlParts& parts, std::span<const Parameter> known) {
    std::vector<std::string_view> seen;
    for (const auto& [name, value] : parts.query) {
      const auto found = std::ranges::find(known, name, &Parameter::name);
      if (found == known.end()) return unknown_parameter(name, known);
      if (std::ranges::find(seen, found->name) != seen.end()) {
        return refuse(fmt::format("query parameter {} is given twice", in_quotes(name)),
                      "drop one");
      }
      seen.push_back(found->name);
      if (Result<void> done = put(found->key, value); !done) return done;
    }
    return {};
  }

  // Credentials out of a file are meant for the host that the file names, not for this one.
  Result<void> put_credentials(const UrlParts& parts) {
    for (const std::string_view key : {"redis.username", "redis.password", "redis.password_file"}) {
      if (!file_of_origin(origin_of(settings_, key)).empty()) clear_option(settings_, key);
    }
    if (parts.username) {
      if (Result<void> done = put("redis.username", *parts.username); !done) return done;
    }
    return parts.password ? put("redis.password", *parts.password) : Result<void>();
  }

  Settings& settings() { return settings_; }

 private:
  Result<void> unknown_parameter(std::string_view name, std::span<const Parameter> known) const {
    std::vector<std::string> names;
    for (const Parameter& parameter : known) names.emplace_back(parameter.name);
    const std::string near = nearest(name, names);
    return refuse(fmt::format("unknown query parameter {}", in_quotes(name)),
                  near.empty() ? fmt::format("known here are {}", joined(names))
                               : fmt::format("did you mean {}?", near));
  }

  Settings settings_;
  const std::string& origin_;
  const Environment& environment_;
};

Result<void> apply_memory(Draft& draft, const UrlParts& parts) {
  if (!parts.authority.empty() || parts.username || parts.password) {
    return draft.refuse("a memory URL names a file, no host",
                        "write memory: or memory:FILE?capacity=64MiB");
  }
  return draft.put("backend", "memory")
      .and_then([&] { return draft.put("memory.snapshot_file", parts.path); })
      .and_then([&] { return draft.put("memory.snapshot_read_only", "false"); })
      .and_then([&] { return draft.put_query(parts, memory_parameters); });
}

// "host", "host:port", "[v6]" or "[v6]:port".
Result<void> put_endpoint(Draft& draft, std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon =
      authority.find(':', bracket == std::string_view::npos ? 0 : bracket + 1);
  const bool has_port = colon != std::string_view::npos;
  const Result<std::string> host = percent_decode(authority.substr(0, colon), "host");
  if (!host) return draft.refuse(host.error().message, host.error().hint);
  if (host->empty()) {
    return draft.refuse("the URL names no host", "write redis://HOST:PORT/DATABASE");
  }
  return draft.put("redis.host", *host).and_then([&] {
    return draft.put("redis.port", has_port ? authority.substr(colon + 1) : "6379");
  });
}

Result<void> apply_redis(Draft& draft, const UrlParts& parts) {
  if (!parts.has_authority) {
    return draft.refuse("a redis URL begins with redis://", "write redis://HOST:PORT/DATABASE");
  }
  std::string_view database = parts.path;
  if (!database.empty()) database.remove_prefix(1);
  return draft.put("backend", "redis")
      .and_then([&] { return put_endpoint(draft, parts.authority); })
      .and_then([&] { return draft.put("redis.database", database.empty() ? "0" : database); })
      .and_then([&] { return draft.put_credentials(parts); })
      .and_then([&] { return draft.put_query(parts, redis_parameters); });
}

Result<void> apply_redis_unix(Draft& draft, const UrlParts& parts) {
  if (!parts.has_authority || !parts.authority.empty() || parts.path.size() < 2) {
    return draft.refuse("a redis+unix URL names the path of a socket, no host",
                        "write redis+unix:///path/of/redis.sock?db=0");
  }
  return draft.put("backend", "redis")
      .and_then([&] { return draft.put("redis.unix_socket", parts.path); })
      .and_then([&] { return draft.put("redis.database", "0"); })
      .and_then([&] { return draft.put_credentials(parts); })
      .and_then([&] { return draft.put_query(parts, redis_parameters); });
}

Result<void> apply_memcached(Draft& draft, const UrlParts& parts) {
  constexpr std::string_view form = "write memcached://HOST:PORT,HOST:PORT";
  if (parts.username || parts.password) {
    return draft.refuse("a memcached URL takes no user and no password", std::string(form));
  }
  if (parts.authority.empty() && parts.path.size() <= 1) {
    return draft.refuse("a memcached URL names at least one server", std::string(form));
  }
  const bool socket = parts.authority.empty() && parts.path.size() > 1;
  if (!parts.has_authority || (!socket && parts.path.size() > 1)) {
    return draft.refuse("a memcached URL names servers and nothing after them", std::string(form));
  }
  const Result<std::string> servers =
      socket ? parts.path : percent_decode(parts.authority, "servers");
  if (!servers) return draft.refuse(servers.error().message, servers.error().hint);
  return draft.put("backend", "memcached")
      .and_then([&] { return draft.put("memcached.servers", *servers); })
      .and_then([&] { return draft.put_query(parts, memcached_parameters); });
}

using Apply = Result<void> (*)(Draft&, const UrlParts&);

struct Scheme {
  std::string_view name;
  Apply apply;
};

constexpr std::array schemes{Scheme{"memory", apply_memory}, Scheme{"redis", apply_redis},
                             Scheme{"redis+unix", apply_redis_unix},
                             Scheme{"memcached", apply_memcached}};

Result<Apply> find_scheme(std::string_view url, const std::string& origin) {
  const std::string scheme = url_scheme(url);
  const auto found = std::ranges::find(schemes, scheme, &Scheme::name);
  if (found != schemes.end()) return found->apply;
  if (std::ranges::find(later_schemes, scheme) != later_schemes.end()) {
    return fail(Errc::invalid_argument,
                fmt::format("{}: {}:// is not yet supported", origin, scheme), {},
                scheme == "rediss" ? "TLS comes later; nothing is ever sent in plain text instead"
                                   : "clusters and sentinels come later; name one server");
  }
  // Without "//" the text before the colon may be anything, a password too.
  const bool shown = !scheme.empty() && url.substr(scheme.size()).starts_with("://");
  return fail(Errc::invalid_argument,
              shown ? fmt::format("{}: unknown scheme {}", origin, in_quotes(scheme))
                    : fmt::format("{}: this is not a backend URL", origin),
              {}, fmt::format("the schemes are {}", known_schemes));
}

}  // namespace

Result<void> apply_url(Settings& settings, std::string_view url, const std::string& origin,
                       const Environment& environment) {
  const Result<Apply> apply = find_scheme(url, origin);
  if (!apply) return fail(apply.error());
  Draft draft(settings, origin, environment);
  const Result<UrlParts> parts = split_url(url);
  if (!parts) return draft.refuse(parts.error().message, parts.error().hint);
  if (Result<void> done = (*apply)(draft, *parts); !done) return done;
  settings = std::move(draft.settings());
  return {};
}

}  // namespace config

Result<void> apply_url(Settings& settings, std::string_view url, std::string_view origin) {
  return config::apply_url(settings, url, std::string(origin), process_environment());
}

}  // namespace cachekit
