#include "redis/error_map.hpp"

#include "redis/dropped_reply.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace cachekit::redis {
namespace {

struct Mapping {
  Errc code;
  std::string_view hint;
};

struct Rule {
  std::string_view text;  // A first word, or how the text behind "ERR " begins.
  Mapping mapping;
};

constexpr std::string_view credentials =
    "correct the URL's user and password where it has some; else set REDIS_PASSWORD, or "
    "redis.username and redis.password";
constexpr std::string_view no_password = "the server has no password: leave it out";
constexpr std::string_view cluster = "this is a cluster node; clusters are not supported yet";
constexpr std::string_view script_runs = "the server runs a long script: try again, or SCRIPT KILL";
constexpr std::string_view unknown =
    "look at its spelling; or the server is too old for it, or has it disabled";
constexpr std::string_view clients = "raise maxclients on the server, or lower pool_size";

// The codes of Redis 4 to 8 and Valkey 7 to 9. What is not here is `rejected`: the server
// understood, and said no.
constexpr std::array codes{
    Rule{"ASK", {Errc::unsupported, cluster}},
    Rule{"BUSY", {Errc::unavailable, script_runs}},
    Rule{"BUSYGROUP", {Errc::rejected, "the consumer group exists already"}},
    Rule{"BUSYKEY", {Errc::rejected, "remove the key first, or RESTORE with REPLACE"}},
    Rule{"CLUSTERDOWN", {Errc::unavailable, "look at CLUSTER INFO on the server"}},
    Rule{"CROSSSLOT", {Errc::rejected, "give the keys a common {tag}, or one command a key"}},
    Rule{"DENIED", {Errc::rejected, "set a password on the server, or switch protected-mode off"}},
    Rule{"EXECABORT", {Errc::rejected, "nothing was done; correct the command that was refused"}},
    Rule{"INVALIDOBJ", {Errc::decode, "the value is damaged: remove the key and fill it anew"}},
    Rule{"IOERR", {Errc::outcome_unknown, "the other server may have the key or not: look there"}},
    Rule{"LOADING", {Errc::unavailable, "the server reads its data set: try again in a moment"}},
    Rule{"MASTERDOWN", {Errc::unavailable, "the replica has lost its master"}},
    Rule{"MISCONF", {Errc::rejected, "the server cannot save to disk: see its log"}},
    Rule{"MOVED", {Errc::unsupported, cluster}},
    Rule{"NOAUTH", {Errc::rejected, credentials}},
    Rule{"NOMASTERLINK", {Errc::unavailable, "the replica has lost its master"}},
    Rule{"NOPERM", {Errc::rejected, "grant the ACL user this command and key on the server"}},
    Rule{"NOPROTO", {Errc::unsupported, "the server does not speak this version of RESP"}},
    Rule{"NOREPLICAS", {Errc::unavailable, "fewer replicas are up than min-replicas-to-write"}},
    Rule{"NOSCRIPT", {Errc::rejected, "load the script first, or use EVAL"}},
    Rule{"OOM", {Errc::rejected, "raise maxmemory, or set a maxmemory-policy that evicts"}},
    Rule{"READONLY",
         {Errc::rejected, "this node is a replica: point the configuration at the master"}},
    Rule{"REDIRECT",
         {Errc::unsupported, "this node is a replica: point the configuration at the master"}},
    Rule{"TRYAGAIN", {Errc::unavailable, "a cluster slot is moving: try again"}},
    Rule{"UNBLOCKED", {Errc::cancelled, "nothing was taken: ask again"}},
    // A word of the scripts of leases.
    Rule{"UNFENCED",
         {Errc::outcome_unknown,
          "the entry was stored and its lease not voided: grant the ACL user UNLINK on the keys of "
          "leases ({KEY}:cachekit-lease)"}},
    Rule{"WRONGPASS", {Errc::rejected, credentials}},
    Rule{"WRONGTYPE", {Errc::rejected, "the key holds a list, hash, set or stream: ask its TYPE"}},
};

// Texts are no API: only those that every version since 4.0 spells alike, or that a version
// introduced and kept.
constexpr std::array texts{
    Rule{"AUTH <password> called without any password configured", {Errc::rejected, no_password}},
    Rule{"Client sent AUTH, but no password is set", {Errc::rejected, no_password}},
    Rule{"Protocol error: invalid bulk length",
         {Errc::too_large, "the value is over the server's proto-max-bulk-len"}},
    Rule{"Protocol error: invalid multibulk length",
         {Errc::too_large, "the command has too many arguments for the server: send several"}},
    Rule{"Protocol error: unauthenticated", {Errc::rejected, credentials}},
    Rule{"This instance has cluster support disabled", {Errc::unsupported, ""}},
    Rule{"invalid password", {Errc::rejected, credentials}},
    Rule{"max number of clients", {Errc::unavailable, clients}},
    Rule{"string exceeds maximum allowed size",
         {Errc::too_large, "the value is over the server's proto-max-bulk-len"}},
    Rule{"unknown command", {Errc::unsupported, unknown}},
    Rule{"unknown subcommand", {Errc::unsupported, unknown}},
};

// BUSY is not among them: a script that runs for seconds wants somebody to look at it.
constexpr std::array<std::string_view, 4> codes_of_a_moment{"CLUSTERDOWN", "LOADING", "MASTERDOWN",
                                                            "TRYAGAIN"};

constexpr std::string_view general = "ERR";

// What follows the first word and its blank.
std::string_view behind_code(std::string_view text) {
  const std::size_t code = code_of_reply(text).size();
  return text.substr(std::min(code + 1, text.size()));
}

Mapping mapping_of(std::string_view text) {
  constexpr Mapping refused{Errc::rejected, ""};
  const std::string_view code = code_of_reply(text);
  if (code != general) {
    const auto rule = std::ranges::find(codes, code, &Rule::text);
    return rule == codes.end() ? refused : rule->mapping;
  }
  const std::string_view rest = behind_code(text);
  const auto rule =
      std::ranges::find_if(texts, [&](const Rule& r) { return rest.starts_with(r.text); });
  return rule == texts.end() ? refused : rule->mapping;
}

// The first words of a server, safe to print. Protected mode is explained at length.
std::string shown(std::string_view text) {
  constexpr std::size_t longest = 200;
  std::string out(text.substr(0, longest));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  if (text.size() > longest) out += "...";
  return out;
}

}  // namespace

// "ERR Error running script (call to f_...): @user_script:1: @user_script: 1: -READONLY You
// can't..."
std::size_t place_in_script(std::string_view text) noexcept {
  constexpr std::string_view begin = ": -";
  if (text.find("@user_script") == std::string_view::npos) return 0;
  const std::size_t at = text.rfind(begin);
  if (at == std::string_view::npos) return 0;
  const std::string_view code = code_of_reply(text.substr(at + begin.size()));
  return std::ranges::find(codes, code, &Rule::text) == codes.end() ? 0 : at + begin.size();
}

std::string_view code_of_reply(std::string_view text) noexcept {
  return text.substr(0, text.find(' '));
}

bool refused_for_now(std::string_view text) noexcept {
  return std::ranges::find(codes_of_a_moment, code_of_reply(text)) != codes_of_a_moment.end();
}

Error error_of_reply(std::string_view text, const std::string& endpoint) {
  if (std::optional<Error> dropped = error_of_dropped(text, endpoint)) return *std::move(dropped);
  const Mapping mapping = mapping_of(text);
  return {mapping.code, std::string(text), endpoint, std::string(mapping.hint)};
}

bool turns_away(std::string_view text) noexcept {
  const std::string_view code = code_of_reply(text);
  return code == "DENIED" ||
         (code == general && behind_code(text).starts_with("max number of clients"));
}

Error error_of_turning_away(std::string_view text, const std::string& endpoint) {
  Error error = error_of_reply(text, endpoint);
  error.message = "the server turned the connection away: " + shown(text);
  return error;
}

std::optional<Error> error_of_unasked(std::string_view bytes) {
  if (!bytes.starts_with('-')) return std::nullopt;
  const std::string_view text = bytes.substr(1, bytes.find("\r\n") - 1);
  if (turns_away(text)) return error_of_turning_away(text, {});
  return Error{Errc::unavailable, "the server closed the connection: " + shown(text), {}, {}};
}

}  // namespace cachekit::redis
