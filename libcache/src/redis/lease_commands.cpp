// Leases as scripts, and what stores or removes an entry where there are leases: it voids the one
// of its key in the same step. KEYS are the key and that of its lease (lease_key.hpp), which holds
// the token and ends with the lease.

#include "core/counter.hpp"
#include "redis/client.hpp"
#include "redis/commands.hpp"
#include "redis/digits.hpp"
#include "redis/lease_key.hpp"
#include "redis/resp_encoder.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cachekit::redis {
namespace {

using ReplyType = RedisReply::Type;

// A value is a string; a lease that was given a status, with what ARGV has; and of one that
// somebody else holds the number of milliseconds that are left.
constexpr std::string_view get_or_lease = R"(local value = redis.pcall('GET', KEYS[1])
if value then return value end
local taken = redis.pcall('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
if not taken then return redis.pcall('PTTL', KEYS[2]) end
if taken.err then return taken end
return {ok = ARGV[1] .. ' ' .. ARGV[2]})";

// Whoever else may have stored the key, without a word on its lease, has stored it later. A lease
// that stays, for want of the right to remove it, is of no use to anyone while there is an entry.
constexpr std::string_view set_if_leased =
    R"(if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local there = redis.pcall('EXISTS', KEYS[1])
if there == 1 then return 0 end
if there ~= 0 then return there end
local done = redis.pcall('SET', KEYS[1], unpack(ARGV, 2))
if done.err then return done end
redis.pcall('UNLINK', KEYS[2])
return 1)";

constexpr std::string_view drop_if_leased =
    R"(if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then return 0 end
return redis.pcall('UNLINK', KEYS[2]))";

// The entry is stored first: behind another write a server that is full would not refuse it.
constexpr std::string_view set_and_void = R"(local done = redis.pcall('SET', KEYS[1], unpack(ARGV))
if not done or done.err then return done end
local gone = redis.pcall('UNLINK', KEYS[2])
if type(gone) == 'table' then return redis.error_reply('UNFENCED ' .. gone.err) end
return done)";

constexpr std::string_view remove_and_void = R"(local gone = redis.pcall('UNLINK', KEYS[2])
if type(gone) == 'table' then return gone end
return redis.pcall('UNLINK', KEYS[1]))";

// A number of a script has the 53 bits of a Lua number: the sum is what is stored. It is read first
// to see that it may be read.
constexpr std::string_view add_and_void = R"(local before = redis.pcall('GET', KEYS[1])
if type(before) == 'table' then return before end
local sum = redis.pcall('INCRBY', KEYS[1], ARGV[1])
if type(sum) == 'table' then return sum end
local gone = redis.pcall('UNLINK', KEYS[2])
if type(gone) == 'table' then return redis.error_reply('UNFENCED ' .. gone.err) end
return redis.pcall('GET', KEYS[1]))";

void append_script(std::string& out, std::string_view script, std::string_view key,
                   std::span<const std::string_view> arguments) {
  const std::string lease = lease_key(key);
  std::vector<std::string_view> words{"EVAL", script, "2", key, lease};
  words.insert(words.end(), arguments.begin(), arguments.end());
  append_command(out, words);
}

Digits digits_of(LeaseToken token) noexcept { return Digits(static_cast<std::uint64_t>(token)); }

// Nobody can guess it, nor does a forked child draw its parent's once more.
LeaseToken new_token() noexcept {
  return LeaseToken{std::max<std::uint64_t>(Runtime::current().random(), 1)};
}

template <typename Number>
bool read_number(std::string_view& text, Number& number) noexcept {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || (stop != end && *stop != ' ')) return false;
  text.remove_prefix(
      std::min<std::size_t>(static_cast<std::size_t>(stop - text.data()) + 1, text.size()));
  return true;
}

}  // namespace

void Command<operation::LeaseGet>::encode(const operation::LeaseGet& get, std::string& out) {
  const Digits token = digits_of(new_token());
  const Digits milliseconds(get.lease_ttl.duration().count());
  const std::array words{token.view(), milliseconds.view()};
  append_script(out, get_or_lease, get.key, words);
}

Result<Leased> Command<operation::LeaseGet>::value_of(RedisReply&& reply,
                                                      const std::string& endpoint) {
  if (reply.is_error()) return fail(error_of_reply(reply.text, endpoint));
  if (reply.type == ReplyType::string) return Leased{.value = std::move(reply.text)};
  if (reply.type == ReplyType::integer) {
    const std::chrono::milliseconds left(std::max<std::int64_t>(reply.integer, 1));
    return Leased{.ends_in = std::min<std::chrono::milliseconds>(left, Ttl::max)};
  }
  std::string_view words = reply.text;
  std::uint64_t token = 0;
  std::int64_t milliseconds = 0;
  if (!read_number(words, token) || !read_number(words, milliseconds) || !words.empty()) {
    return fail(unexpected_reply("a script of ours", endpoint));
  }
  return Leased{.token = LeaseToken{token}, .ends_in = std::chrono::milliseconds(milliseconds)};
}

void Command<operation::LeaseSet>::encode(const operation::LeaseSet& set, std::string& out) {
  const Digits token = digits_of(set.token);
  const Digits milliseconds(set.ttl.expires() ? set.ttl.duration().count() : 0);
  const std::array<std::string_view, 4> words{token.view(), set.value, "PX", milliseconds.view()};
  append_script(out, set_if_leased, set.key,
                std::span(words).first(set.ttl.expires() ? words.size() : 2));
}

void Command<operation::LeaseDrop>::encode(const operation::LeaseDrop& drop, std::string& out) {
  const Digits token = digits_of(drop.token);
  const std::array words{token.view()};
  append_script(out, drop_if_leased, drop.key, words);
}

void Command<operation::Set>::encode_fenced(const operation::Set& set, std::string& out) {
  if (set.discard) return append_script(out, remove_and_void, set.key, {});
  const Digits milliseconds(set.ttl.expires() ? set.ttl.duration().count() : 0);
  std::array<std::string_view, 4> words{set.value};
  const std::size_t count = add_set_options(set, milliseconds, std::span(words), 1);
  append_script(out, set_and_void, set.key, std::span(words).first(count));
}

void Command<operation::Remove>::encode_fenced(const operation::Remove& remove, std::string& out) {
  append_script(out, remove_and_void, remove.key, {});
}

void Command<operation::Increment>::encode_fenced(const operation::Increment& increment,
                                                  std::string& out) {
  const Digits by(increment.by);
  const std::array words{by.view()};
  append_script(out, add_and_void, increment.key, words);
}

}  // namespace cachekit::redis
