#include "redis/commands.hpp"

#include "core/counter.hpp"
#include "redis/client.hpp"
#include "redis/digits.hpp"
#include "redis/error_map.hpp"
#include "redis/lease_key.hpp"
#include "redis/resp_encoder.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <span>
#include <utility>

namespace cachekit::redis {
namespace {

using Type = RedisReply::Type;

void append(std::string& out, std::initializer_list<std::string_view> words) {
  append_command(out, std::span(words.begin(), words.size()));
}

// The value is compared on the server, as bytes; what is no string is the error that GET makes of
// it. `pcall` gives errors as the command itself does, where a script that fails is told in words
// of its own that each version spells in another way.
constexpr std::string_view compare_and_set = R"(local value = redis.pcall('GET', KEYS[1])
if type(value) == 'table' then return value end
if value ~= ARGV[1] then return 0 end
local done
if ARGV[3] then
  done = redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else
  done = redis.pcall('SET', KEYS[1], ARGV[2])
end
if done.err then return done end
return 1)";
constexpr std::string_view compare_and_remove = R"(local value = redis.pcall('GET', KEYS[1])
if type(value) == 'table' then return value end
if value ~= ARGV[1] then return 0 end
return redis.pcall('UNLINK', KEYS[1]))";

Result<std::int64_t> number_of(const RedisReply& reply, const std::string& endpoint) {
  if (reply.is_error()) return fail(error_of_reply(reply.text, endpoint));
  return reply.integer;
}

}  // namespace

using operation::CompareAndSet;
using operation::Exists;
using operation::Get;
using operation::Increment;
using operation::RemainingTtl;
using operation::Remove;
using operation::ScanPage;
using operation::Set;
using operation::Touch;

void Command<Get>::encode(const Get& get, std::string& out) { append(out, {"GET", get.key}); }

Result<std::optional<std::string>> Command<Get>::value_of(RedisReply&& reply,
                                                          const std::string& endpoint) {
  if (reply.is_error()) return fail(error_of_reply(reply.text, endpoint));
  if (reply.is_nil()) return std::nullopt;
  return std::move(reply.text);
}

std::size_t add_set_options(const Set& set, const Digits& milliseconds,
                            std::span<std::string_view> words, std::size_t count) noexcept {
  if (set.ttl.expires()) {
    words[count++] = "PX";
    words[count++] = milliseconds.view();
  }
  if (set.condition == SetCondition::if_absent) words[count++] = "NX";
  if (set.condition == SetCondition::if_present) words[count++] = "XX";
  return count;
}

void Command<Set>::encode(const Set& set, std::string& out) {
  if (set.discard) return append(out, {"UNLINK", set.key});
  const Digits milliseconds(set.ttl.expires() ? set.ttl.duration().count() : 0);
  std::array<std::string_view, 6> words{"SET", set.key, set.value};
  const std::size_t count = add_set_options(set, milliseconds, words, 3);
  append_command(out, std::span(words.data(), count));
}

Result<bool> Command<Set>::value_of(RedisReply&& reply, const std::string& endpoint) {
  if (reply.is_error()) return fail(error_of_reply(reply.text, endpoint));
  if (reply.type == Type::integer)
    return Counted::value_of(std::move(reply), endpoint);  // Discard.
  return !reply.is_nil();                                  // Else NX or XX did not hold.
}

// Of one key: there is none, or it.
Result<bool> Counted::value_of(RedisReply&& reply, const std::string& endpoint) {
  return number_of(reply, endpoint).map([](std::int64_t n) { return n == 1; });
}

void Command<Remove>::encode(const Remove& remove, std::string& out) {
  append(out, {"UNLINK", remove.key});
}

void Command<Exists>::encode(const Exists& exists, std::string& out) {
  append(out, {"EXISTS", exists.key});
}

void Command<Touch>::encode(const Touch& touch, std::string& out) {
  if (touch.ttl.expires()) {
    append(out, {"EXISTS", touch.key});
    append(out, {"PEXPIRE", touch.key, Digits(touch.ttl.duration().count()).view()});
  } else {
    append(out, {"PERSIST", touch.key});
    append(out, {"EXISTS", touch.key});
  }
}

// Of PEXPIRE it is its reply, whatever EXISTS before it was refused for. Where PERSIST has found a
// TTL, there is the entry.
std::size_t Command<Touch>::telling(const Touch& touch, const RedisReply& first,
                                    const RedisReply& second) noexcept {
  if (touch.ttl.expires()) return 1;
  const bool persisted = first.integer == 1 && second.is_error();
  return first.is_error() || persisted ? 0 : 1;
}

void Command<RemainingTtl>::encode(const RemainingTtl& ttl, std::string& out) {
  append(out, {"PTTL", ttl.key});
}

Result<std::optional<Ttl>> Command<RemainingTtl>::value_of(RedisReply&& reply,
                                                           const std::string& endpoint) {
  const Result<std::int64_t> left = number_of(reply, endpoint);
  if (!left) return fail(left.error());
  if (*left == -2) return std::nullopt;  // No such key.
  if (*left == -1) return Ttl::none();
  return Ttl(std::clamp(std::chrono::milliseconds(*left), std::chrono::milliseconds(1), Ttl::max));
}

void Command<Increment>::encode(const Increment& increment, std::string& out) {
  append(out, {"INCRBY", increment.key, Digits(increment.by).view()});
}

// The server's words for what the other backends say of a counter: the same since 1.2.
Result<std::int64_t> Command<Increment>::value_of(RedisReply&& reply, const std::string& endpoint) {
  if (reply.is_error() && reply.text.starts_with("ERR value is not an integer")) {
    return fail(core::not_a_counter(endpoint));
  }
  if (reply.is_error() && reply.text.starts_with("ERR increment or decrement would overflow")) {
    return fail(core::counter_overflow("the sum", endpoint));
  }
  if (reply.type == Type::string) {  // Of a script.
    const std::optional<std::int64_t> sum = core::parse_counter(reply.text);
    if (!sum) return fail(unexpected_reply("a script of ours", endpoint));
    return *sum;
  }
  return number_of(reply, endpoint);
}

void Command<CompareAndSet>::encode(const CompareAndSet& one, std::string& out) {
  if (one.discard) return append(out, {"EVAL", compare_and_remove, "1", one.key, one.expected});
  if (!one.ttl.expires()) {
    return append(out, {"EVAL", compare_and_set, "1", one.key, one.expected, one.value});
  }
  append(out, {"EVAL", compare_and_set, "1", one.key, one.expected, one.value,
               Digits(one.ttl.duration().count()).view()});
}

void Command<ScanPage>::encode(const ScanPage& scan, std::string& out) {
  const std::string_view cursor = scan.cursor.empty() ? "0" : scan.cursor;
  append(out, {"SCAN", cursor, "MATCH", scan.pattern, "COUNT",
               Digits(static_cast<std::int64_t>(scan.page_size)).view()});
}

Result<KeyPage> Command<ScanPage>::value_of(RedisReply&& reply, const std::string& endpoint) {
  if (reply.is_error()) return fail(error_of_reply(reply.text, endpoint));
  KeyPage page;
  page.keys.reserve(reply.elements[1].elements.size());
  for (RedisReply& key : reply.elements[1].elements) {
    page.keys.push_back(std::move(key.text));
  }
  if (reply.elements[0].text != "0") page.next = std::move(reply.elements[0].text);
  return page;
}

void leave_out_leases(Result<KeyPage>& page) {
  if (page) std::erase_if(page->keys, [](const auto& key) { return is_lease_key(key); });
}

}  // namespace cachekit::redis
