#include "redis/reply_error.hpp"

#include <algorithm>
#include <array>

namespace cachekit::redis {
namespace {

struct Rule {
  std::string_view prefix;  // Of the reply.
  Errc code;
  std::string_view hint;
};

constexpr std::string_view credentials =
    "set REDIS_PASSWORD, or username and password in the profile";

// The first prefix that fits decides. Redis' own error names are its API; texts behind ERR are not,
// so only those are listed that every version since 4.0 spells alike.
constexpr std::array rules{
    Rule{"NOAUTH", Errc::rejected, credentials},
    Rule{"WRONGPASS", Errc::rejected, credentials},
    Rule{"ERR invalid password", Errc::rejected, credentials},
    Rule{"ERR Client sent AUTH, but no password is set", Errc::rejected,
         "the server has no password: leave it out"},
    Rule{"ERR AUTH <password> called without any password configured", Errc::rejected,
         "the server has no password: leave it out"},
    Rule{"NOPERM", Errc::rejected, "grant the ACL user this command and key on the server"},
    Rule{"WRONGTYPE", Errc::rejected, "the key holds a list, hash, set or stream: ask its TYPE"},
    Rule{"OOM", Errc::rejected, "raise maxmemory, or set a maxmemory-policy that evicts"},
    Rule{"MISCONF", Errc::rejected, "the server cannot save to disk: see its log"},
    Rule{"READONLY", Errc::rejected,
         "this node is a replica: point the configuration at the master"},
    Rule{"MOVED", Errc::unsupported, "this is a cluster node; clusters are not supported yet"},
    Rule{"ASK", Errc::unsupported, "this is a cluster node; clusters are not supported yet"},
    Rule{"CLUSTERDOWN", Errc::unavailable, "look at CLUSTER INFO on the server"},
    Rule{"LOADING", Errc::unavailable, "the server reads its data set: try again in a moment"},
    Rule{"BUSY", Errc::unavailable, "the server runs a long script: try again, or SCRIPT KILL"},
    Rule{"MASTERDOWN", Errc::unavailable, "the replica has lost its master"},
    Rule{"TRYAGAIN", Errc::unavailable, "a cluster slot is moving: try again"},
    Rule{"ERR max number of clients reached", Errc::unavailable,
         "raise maxclients on the server, or lower pool_size"},
    Rule{"ERR unknown command", Errc::unsupported, "the server is too old, or has it disabled"},
    Rule{"ERR Protocol error: invalid bulk length", Errc::too_large,
         "the value is over the server's proto-max-bulk-len"},
};

}  // namespace

Error error_of_reply(std::string_view text, const std::string& endpoint) {
  const auto rule =
      std::ranges::find_if(rules, [&](const Rule& r) { return text.starts_with(r.prefix); });
  if (rule == rules.end()) return {Errc::rejected, std::string(text), endpoint, {}};
  return {rule->code, std::string(text), endpoint, std::string(rule->hint)};
}

}  // namespace cachekit::redis
