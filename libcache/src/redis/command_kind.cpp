#include "redis/command_kind.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace cachekit::redis {
namespace {

constexpr std::array<std::string_view, 23> connection_state{
    "ASKING",       "AUTH",       "DISCARD",     "EXEC",         "HELLO",      "MONITOR",
    "MULTI",        "PSUBSCRIBE", "PSYNC",       "PUNSUBSCRIBE", "QUIT",       "READONLY",
    "READWRITE",    "REPLCONF",   "RESET",       "SELECT",       "SSUBSCRIBE", "SUBSCRIBE",
    "SUNSUBSCRIBE", "SYNC",       "UNSUBSCRIBE", "UNWATCH",      "WATCH"};

constexpr std::array<std::string_view, 13> blocking{
    "BLMOVE",   "BLMPOP",   "BLPOP", "BRPOP",   "BRPOPLPUSH", "BZMPOP",  "BZPOPMAX",
    "BZPOPMIN", "FAILOVER", "WAIT",  "WAITAOF", "SAVE",       "SHUTDOWN"};

constexpr std::array<std::string_view, 55> reads{
    "BITCOUNT",    "BITPOS",     "COMMAND",       "DBSIZE",    "DUMP",      "ECHO",
    "EXISTS",      "EXPIRETIME", "GEODIST",       "GEOHASH",   "GEOPOS",    "GET",
    "GETBIT",      "GETRANGE",   "HEXISTS",       "HGET",      "HGETALL",   "HKEYS",
    "HLEN",        "HMGET",      "HSCAN",         "HSTRLEN",   "HVALS",     "INFO",
    "LINDEX",      "LLEN",       "LPOS",          "LRANGE",    "MGET",      "OBJECT",
    "PEXPIRETIME", "PING",       "PTTL",          "RANDOMKEY", "SCAN",      "SCARD",
    "SISMEMBER",   "SMEMBERS",   "SMISMEMBER",    "SSCAN",     "STRLEN",    "TIME",
    "TTL",         "TYPE",       "XLEN",          "XRANGE",    "XREVRANGE", "ZCARD",
    "ZCOUNT",      "ZRANGE",     "ZRANGEBYSCORE", "ZRANK",     "ZREVRANGE", "ZSCAN",
    "ZSCORE"};

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}

bool among(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// XREAD and XREADGROUP wait only with BLOCK, which comes before STREAMS.
bool waits(std::string_view name, std::span<const std::string_view> arguments) {
  if (name != "XREAD" && name != "XREADGROUP") return false;
  for (const std::string_view argument : arguments.subspan(1)) {
    const std::string word = upper(argument);
    if (word == "BLOCK") return true;
    if (word == "STREAMS") return false;
  }
  return false;
}

// CLIENT is mostly about the connection that sends it; what looks at others is harmless.
bool changes_client(std::string_view name, std::span<const std::string_view> arguments) {
  if (name != "CLIENT" || arguments.size() < 2) return false;
  constexpr std::array<std::string_view, 7> harmless{"GETNAME", "HELP", "ID",     "INFO",
                                                     "KILL",    "LIST", "UNBLOCK"};
  return !among(harmless, upper(arguments[1]));
}

}  // namespace

CommandKind kind_of(std::span<const std::string_view> arguments) {
  const std::string name = upper(arguments.front());
  if (among(connection_state, name) || changes_client(name, arguments)) {
    return CommandKind::connection_state;
  }
  if (among(blocking, name) || waits(name, arguments)) return CommandKind::blocking;
  return among(reads, name) ? CommandKind::read : CommandKind::write;
}

}  // namespace cachekit::redis
