#include "redis/command_table.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace cachekit::redis {
namespace {

// The commands of Redis 7 and 8 and Valkey 8, sorted; a sub-command behind a bar, as COMMAND LIST
// says it.

// clang-format off

// What changes nothing, and gives the same on another connection.
constexpr auto reads = std::to_array<std::string_view>({
    "ACL|CAT", "ACL|DRYRUN", "ACL|GENPASS", "ACL|GETUSER", "ACL|HELP", "ACL|LIST", "ACL|USERS",
    "ACL|WHOAMI", "BITCOUNT", "BITFIELD_RO", "BITPOS", "CLUSTER|COUNT-FAILURE-REPORTS",
    "CLUSTER|COUNTKEYSINSLOT", "CLUSTER|GETKEYSINSLOT", "CLUSTER|HELP", "CLUSTER|INFO",
    "CLUSTER|KEYSLOT", "CLUSTER|LINKS", "CLUSTER|MYID", "CLUSTER|MYSHARDID", "CLUSTER|NODES",
    "CLUSTER|REPLICAS", "CLUSTER|SHARDS", "CLUSTER|SLAVES", "CLUSTER|SLOT-STATS", "CLUSTER|SLOTS",
    "COMMAND", "COMMANDLOG|GET", "COMMANDLOG|HELP", "COMMANDLOG|LEN", "COMMAND|COUNT",
    "COMMAND|DOCS", "COMMAND|GETKEYS", "COMMAND|GETKEYSANDFLAGS", "COMMAND|HELP", "COMMAND|INFO",
    "COMMAND|LIST", "CONFIG|GET", "CONFIG|HELP", "DBSIZE", "DUMP", "ECHO", "EVALSHA_RO",
    "EVAL_RO", "EXISTS", "EXPIRETIME", "FCALL_RO", "FUNCTION|DUMP", "FUNCTION|HELP",
    "FUNCTION|LIST", "FUNCTION|STATS", "GEODIST", "GEOHASH", "GEOPOS", "GEORADIUSBYMEMBER_RO",
    "GEORADIUS_RO", "GEOSEARCH", "GET", "GETBIT", "GETRANGE", "HEXISTS", "HEXPIRETIME", "HGET",
    "HGETALL", "HKEYS", "HLEN", "HMGET", "HPEXPIRETIME", "HPTTL", "HRANDFIELD", "HSCAN",
    "HSTRLEN", "HTTL", "HVALS", "INFO", "KEYS", "LASTSAVE", "LATENCY|DOCTOR", "LATENCY|GRAPH",
    "LATENCY|HELP", "LATENCY|HISTOGRAM", "LATENCY|HISTORY", "LATENCY|LATEST", "LCS", "LINDEX",
    "LLEN", "LOLWUT", "LPOS", "LRANGE", "MEMORY|DOCTOR", "MEMORY|HELP", "MEMORY|MALLOC-STATS",
    "MEMORY|STATS", "MEMORY|USAGE", "MGET", "MODULE|HELP", "MODULE|LIST", "OBJECT|ENCODING",
    "OBJECT|FREQ", "OBJECT|HELP", "OBJECT|IDLETIME", "OBJECT|REFCOUNT", "PEXPIRETIME", "PFCOUNT",
    "PING", "PTTL", "PUBSUB|CHANNELS", "PUBSUB|HELP", "PUBSUB|NUMPAT", "PUBSUB|NUMSUB",
    "PUBSUB|SHARDCHANNELS", "PUBSUB|SHARDNUMSUB", "RANDOMKEY", "ROLE", "SCAN", "SCARD",
    "SCRIPT|EXISTS", "SCRIPT|HELP", "SCRIPT|SHOW", "SDIFF", "SINTER", "SINTERCARD", "SISMEMBER",
    "SLOWLOG|GET", "SLOWLOG|HELP", "SLOWLOG|LEN", "SMEMBERS", "SMISMEMBER", "SORT_RO",
    "SRANDMEMBER", "SSCAN", "STRLEN", "SUBSTR", "SUNION", "TIME", "TOUCH", "TTL", "TYPE",
    "XGROUP|HELP", "XINFO|CONSUMERS", "XINFO|GROUPS", "XINFO|HELP", "XINFO|STREAM", "XLEN",
    "XPENDING", "XRANGE", "XREVRANGE", "ZCARD", "ZCOUNT", "ZDIFF", "ZINTER", "ZINTERCARD",
    "ZLEXCOUNT", "ZMSCORE", "ZRANDMEMBER", "ZRANGE", "ZRANGEBYLEX", "ZRANGEBYSCORE", "ZRANK",
    "ZREVRANGE", "ZREVRANGEBYLEX", "ZREVRANGEBYSCORE", "ZREVRANK", "ZSCAN", "ZSCORE", "ZUNION"
});

// What changes something, or may not be asked twice. What CLIENT says is about connections, and
// something else on another one. XREAD and XREADGROUP wait when they are told to.
constexpr auto writes = std::to_array<std::string_view>({
    "ACL|DELUSER", "ACL|LOAD", "ACL|LOG", "ACL|SAVE", "ACL|SETUSER", "APPEND", "BGREWRITEAOF",
    "BGSAVE", "BITFIELD", "BITOP", "CLIENT|GETNAME", "CLIENT|GETREDIR", "CLIENT|HELP",
    "CLIENT|ID", "CLIENT|INFO", "CLIENT|KILL", "CLIENT|LIST", "CLIENT|PAUSE",
    "CLIENT|TRACKINGINFO", "CLIENT|UNBLOCK", "CLUSTER|ADDSLOTS", "CLUSTER|ADDSLOTSRANGE",
    "CLUSTER|BUMPEPOCH", "CLUSTER|DELSLOTS", "CLUSTER|DELSLOTSRANGE", "CLUSTER|FAILOVER",
    "CLUSTER|FLUSHSLOTS", "CLUSTER|FORGET", "CLUSTER|MEET", "CLUSTER|REPLICATE", "CLUSTER|RESET",
    "CLUSTER|SAVECONFIG", "CLUSTER|SET-CONFIG-EPOCH", "CLUSTER|SETSLOT", "COMMANDLOG|RESET",
    "CONFIG|RESETSTAT", "CONFIG|REWRITE", "CONFIG|SET", "COPY", "DECR", "DECRBY", "DEL",
    "DELIFEQ", "EVAL", "EVALSHA", "EXPIRE", "EXPIREAT", "FCALL", "FLUSHALL", "FLUSHDB",
    "FUNCTION|DELETE", "FUNCTION|FLUSH", "FUNCTION|LOAD", "FUNCTION|RESTORE", "GEOADD",
    "GEORADIUS", "GEORADIUSBYMEMBER", "GEOSEARCHSTORE", "GETDEL", "GETEX", "GETSET", "HDEL",
    "HEXPIRE", "HEXPIREAT", "HGETDEL", "HGETEX", "HINCRBY", "HINCRBYFLOAT", "HMSET", "HPERSIST",
    "HPEXPIRE", "HPEXPIREAT", "HSET", "HSETEX", "HSETNX", "INCR", "INCRBY", "INCRBYFLOAT",
    "LATENCY|RESET", "LINSERT", "LMOVE", "LMPOP", "LPOP", "LPUSH", "LPUSHX", "LREM", "LSET",
    "LTRIM", "MEMORY|PURGE", "MODULE|LOAD", "MODULE|LOADEX", "MODULE|UNLOAD", "MOVE", "MSET",
    "MSETNX", "PERSIST", "PEXPIRE", "PEXPIREAT", "PFADD", "PFDEBUG", "PFMERGE", "PFSELFTEST",
    "PSETEX", "PUBLISH", "RENAME", "RENAMENX", "REPLICAOF", "RESTORE", "RESTORE-ASKING", "RPOP",
    "RPOPLPUSH", "RPUSH", "RPUSHX", "SADD", "SCRIPT|FLUSH", "SCRIPT|LOAD", "SDIFFSTORE", "SET",
    "SETBIT", "SETEX", "SETNX", "SETRANGE", "SINTERSTORE", "SLAVEOF", "SLOWLOG|RESET", "SMOVE",
    "SORT", "SPOP", "SPUBLISH", "SREM", "SUNIONSTORE", "SWAPDB", "UNLINK", "XACK", "XACKDEL",
    "XADD", "XAUTOCLAIM", "XCLAIM", "XDEL", "XDELEX", "XGROUP|CREATE", "XGROUP|CREATECONSUMER",
    "XGROUP|DELCONSUMER", "XGROUP|DESTROY", "XGROUP|SETID", "XREAD", "XREADGROUP", "XSETID",
    "XTRIM", "ZADD", "ZDIFFSTORE", "ZINCRBY", "ZINTERSTORE", "ZMPOP", "ZPOPMAX", "ZPOPMIN",
    "ZRANGESTORE", "ZREM", "ZREMRANGEBYLEX", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "ZUNIONSTORE"
});

// What may wait at the server, keeps it busy for long, or has to get through to a server that keeps
// others waiting: SCRIPT KILL is of no use behind the script.
constexpr auto blocking = std::to_array<std::string_view>({
    "BLMOVE", "BLMPOP", "BLPOP", "BRPOP", "BRPOPLPUSH", "BZMPOP", "BZPOPMAX", "BZPOPMIN",
    "CLIENT|UNPAUSE", "DEBUG", "FAILOVER", "FUNCTION|KILL", "MIGRATE", "SAVE", "SCRIPT|KILL",
    "SHUTDOWN", "WAIT", "WAITAOF"
});

// What changes, or ends, the connection itself, or makes it speak unasked.
constexpr auto connection_state = std::to_array<std::string_view>({
    "ASKING", "AUTH", "CLIENT|CACHING", "CLIENT|CAPA", "CLIENT|IMPORT-SOURCE", "CLIENT|NO-EVICT",
    "CLIENT|NO-TOUCH", "CLIENT|REPLY", "CLIENT|SETINFO", "CLIENT|SETNAME", "CLIENT|TRACKING",
    "DISCARD", "EXEC", "HELLO", "MONITOR", "MULTI", "PSUBSCRIBE", "PSYNC", "PUNSUBSCRIBE", "QUIT",
    "READONLY", "READWRITE", "REPLCONF", "RESET", "SCRIPT|DEBUG", "SELECT", "SSUBSCRIBE",
    "SUBSCRIBE", "SUNSUBSCRIBE", "SYNC", "UNSUBSCRIBE", "UNWATCH", "WATCH"
});

// What has sub-commands.
constexpr auto containers = std::to_array<std::string_view>({
    "ACL", "CLIENT", "CLUSTER", "COMMAND", "COMMANDLOG", "CONFIG", "FUNCTION", "LATENCY",
    "MEMORY", "MODULE", "OBJECT", "PUBSUB", "SCRIPT", "SLOWLOG", "XGROUP", "XINFO"
});

// clang-format on

bool among(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::binary_search(names, name);
}

static_assert(std::ranges::is_sorted(reads) && std::ranges::is_sorted(writes) &&
              std::ranges::is_sorted(blocking) && std::ranges::is_sorted(connection_state) &&
              std::ranges::is_sorted(containers));

}  // namespace

CommandKind listed_kind(std::string_view name) noexcept {
  if (among(reads, name)) return CommandKind::read;
  if (among(writes, name)) return CommandKind::write;
  if (among(blocking, name)) return CommandKind::blocking;
  if (among(connection_state, name)) return CommandKind::connection_state;
  return CommandKind::unknown;
}

bool has_subcommands(std::string_view name) noexcept { return among(containers, name); }

}  // namespace cachekit::redis
