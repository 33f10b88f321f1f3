#include "redis/operations.hpp"

#include "redis/client.hpp"
#include "redis/reply_error.hpp"
#include "redis/resp_encoder.hpp"

#include <array>
#include <charconv>
#include <initializer_list>
#include <span>
#include <utility>

namespace cachekit::redis {
namespace {

using Type = RedisReply::Type;

void append(std::string& out, std::initializer_list<std::string_view> words) {
  append_command(out, std::span(words.begin(), words.size()));
}

// A number in digits, without a string for it.
class Digits {
 public:
  explicit Digits(std::int64_t number) noexcept
      : end_(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr) {}
  Digits(const Digits&) = delete;
  Digits& operator=(const Digits&) = delete;
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), end_}; }

 private:
  std::array<char, 24> text_;
  const char* end_;
};

Result<std::int64_t> number_of(const RedisReply& reply, const std::string& endpoint) {
  if (reply.is_error()) return fail(error_of_reply(reply.text, endpoint));
  if (reply.type == Type::integer) return reply.integer;
  return fail(unexpected_reply("a command that counts", endpoint));
}

// The copy of an operation that has a key and nothing else of the caller's.
template <typename Operation>
Operation with_kept_key(Operation operation, std::string& bytes) {
  bytes = operation.key;
  operation.key = bytes;
  return operation;
}

}  // namespace

Get Get::kept_in(std::string& bytes) const { return with_kept_key(*this, bytes); }
Remove Remove::kept_in(std::string& bytes) const { return with_kept_key(*this, bytes); }
Exists Exists::kept_in(std::string& bytes) const { return with_kept_key(*this, bytes); }
Touch Touch::kept_in(std::string& bytes) const { return with_kept_key(*this, bytes); }
RemainingTtl RemainingTtl::kept_in(std::string& bytes) const { return with_kept_key(*this, bytes); }
Increment Increment::kept_in(std::string& bytes) const { return with_kept_key(*this, bytes); }

Set Set::kept_in(std::string& bytes) const {
  bytes.reserve(item.key.size() + item.value.size());
  bytes.append(item.key).append(item.value);
  const std::string_view kept = bytes;
  const std::size_t end = item.key.size();
  return {{kept.substr(0, end), kept.substr(end), item.ttl}, condition};
}

void Get::encode(std::string& out) const { append(out, {"GET", key}); }

Result<Get::Value> Get::value_of(RedisReply&& reply, const std::string& endpoint) {
  if (reply.is_error()) return fail(error_of_reply(reply.text, endpoint));
  if (reply.is_nil()) return std::nullopt;
  if (reply.type != Type::string) return fail(unexpected_reply("GET", endpoint));
  return std::move(reply.text);
}

void Set::encode(std::string& out) const {
  const Digits milliseconds(item.ttl.expires() ? item.ttl.duration().count() : 0);
  std::array<std::string_view, 6> words{"SET", item.key, item.value};
  std::size_t count = 3;
  if (item.ttl.expires()) {
    words[count++] = "PX";
    words[count++] = milliseconds.view();
  }
  if (condition == SetCondition::if_absent) words[count++] = "NX";
  if (condition == SetCondition::if_present) words[count++] = "XX";
  append_command(out, std::span(words.data(), count));
}

Result<bool> Set::value_of(RedisReply&& reply, const std::string& endpoint) {
  if (reply.is_error()) return fail(error_of_reply(reply.text, endpoint));
  if (reply.type == Type::status) return true;
  if (reply.is_nil()) return false;  // NX or XX did not hold.
  return fail(unexpected_reply("SET", endpoint));
}

Result<bool> Counted::value_of(RedisReply&& reply, const std::string& endpoint) {
  return number_of(reply, endpoint).map([](std::int64_t n) { return n > 0; });
}

void Remove::encode(std::string& out) const { append(out, {"UNLINK", key}); }

void Exists::encode(std::string& out) const { append(out, {"EXISTS", key}); }

void Touch::encode(std::string& out) const {
  if (ttl.expires()) {
    append(out, {"EXISTS", key});
    append(out, {"PEXPIRE", key, Digits(ttl.duration().count()).view()});
  } else {
    append(out, {"PERSIST", key});
    append(out, {"EXISTS", key});
  }
}

void RemainingTtl::encode(std::string& out) const { append(out, {"PTTL", key}); }

Result<RemainingTtl::Value> RemainingTtl::value_of(RedisReply&& reply,
                                                   const std::string& endpoint) {
  const Result<std::int64_t> left = number_of(reply, endpoint);
  if (!left) return fail(left.error());
  if (*left == -2) return std::nullopt;  // No such key.
  if (*left == -1) return Ttl::none();
  return Ttl(std::chrono::milliseconds(*left));
}

void Increment::encode(std::string& out) const { append(out, {"INCRBY", key, Digits(by).view()}); }

Result<std::int64_t> Increment::value_of(RedisReply&& reply, const std::string& endpoint) {
  return number_of(reply, endpoint);
}

}  // namespace cachekit::redis
