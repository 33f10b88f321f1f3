// RedisBackend: what each operation of the common interface is in commands. The operations that
// only Redis has are in redis_extras.cpp, ping and stats in redis_report.cpp.

#include "redis/backend_impl.hpp"
#include "redis/reply_error.hpp"

#include <array>
#include <charconv>

#include <fmt/format.h>

namespace cachekit {
namespace {

using redis::Pipeline;
using redis::Replay;
using Type = RedisReply::Type;

constexpr std::size_t max_key_bytes = std::size_t{512} << 20U;  // A Redis string.

Result<std::optional<std::string>> value_of(RedisReply reply, const std::string& endpoint) {
  if (reply.is_error()) return fail(redis::error_of_reply(reply.text, endpoint));
  if (reply.is_nil()) return std::nullopt;
  if (reply.type != Type::string) return fail(redis::unexpected_reply("GET", endpoint));
  return std::move(reply.text);
}

Result<bool> stored(const RedisReply& reply, const std::string& endpoint) {
  if (reply.is_error()) return fail(redis::error_of_reply(reply.text, endpoint));
  if (reply.type == Type::status) return true;
  if (reply.is_nil()) return false;  // NX or XX did not hold.
  return fail(redis::unexpected_reply("SET", endpoint));
}

Result<std::int64_t> number_of(const RedisReply& reply, const std::string& endpoint) {
  if (reply.is_error()) return fail(redis::error_of_reply(reply.text, endpoint));
  if (reply.type == Type::integer) return reply.integer;
  return fail(redis::unexpected_reply("a command that counts", endpoint));
}

Result<bool> any_of(const RedisReply& reply, const std::string& endpoint) {
  return number_of(reply, endpoint).map([](std::int64_t n) { return n > 0; });
}

// The words of a SET. Lifetime: those of the item.
class SetCommand {
 public:
  SetCommand(const SetItem& item, SetCondition condition) {
    words_ = {"SET", item.key, item.value};
    if (item.ttl.expires()) {
      const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(),
                                     item.ttl.duration().count());
      append("PX");
      append({digits_.data(), end.ptr});
    }
    if (condition == SetCondition::if_absent) append("NX");
    if (condition == SetCondition::if_present) append("XX");
  }
  SetCommand(const SetCommand&) = delete;
  SetCommand& operator=(const SetCommand&) = delete;

  [[nodiscard]] std::span<const std::string_view> words() const { return {words_.data(), count_}; }

 private:
  void append(std::string_view word) { words_[count_++] = word; }

  std::array<std::string_view, 6> words_;
  std::size_t count_ = 3;
  std::array<char, 24> digits_;
};

// Gives each command of a batch its outcome; a batch that failed as a whole fails every one.
template <typename Outcome, typename Convert>
std::vector<Outcome> each(redis::Client& client, Pipeline& request, Deadline deadline,
                          const Convert& convert) {
  auto replies = client.run_all(request, deadline);
  if (!replies) return std::vector<Outcome>(request.size(), fail(replies.error()));
  std::vector<Outcome> outcomes;
  outcomes.reserve(replies->size());
  for (RedisReply& reply : *replies) {
    outcomes.push_back(convert(std::move(reply), client.endpoint()));
  }
  return outcomes;
}

}  // namespace

RedisBackend::RedisBackend(const RedisConfig& config) : impl_(std::make_unique<Impl>(config)) {}
RedisBackend::~RedisBackend() = default;

Capabilities RedisBackend::capabilities() const {
  return {.persistence = true,
          .scan = true,
          .remove_matching = true,
          .remaining_ttl = true,
          .binary_keys = true,
          .negative_counters = true,
          .rich_data = true,
          .publish_subscribe = true,
          .transactions = true,
          .clustering = false,
          .ttl_resolution = std::chrono::milliseconds(1),
          .max_key_bytes = max_key_bytes,
          .max_value_bytes = impl_->client.config().max_value.count};
}

std::string RedisBackend::target() const {
  const RedisConfig& config = impl_->client.config();
  return config.unix_socket.empty()
             ? fmt::format("redis://{}/{}", impl_->client.endpoint(), config.database)
             : fmt::format("redis+unix://{}?db={}", config.unix_socket, config.database);
}

std::chrono::milliseconds RedisBackend::default_timeout() const noexcept {
  return impl_->client.config().operation_timeout;
}

Result<void> RedisBackend::check_key(std::string_view key) const {
  if (key.empty()) return fail(Errc::invalid_argument, "a key must not be empty");
  if (key.size() > max_key_bytes) {
    return fail(Errc::invalid_argument, "a key of Redis holds at most 512 MiB");
  }
  return {};
}

Result<void> RedisBackend::do_connect() { return impl_->client.connect(); }

Result<std::optional<std::string>> RedisBackend::do_get(std::string_view key, Deadline deadline) {
  return impl_->client.run({"GET", key}, Replay::yes, deadline).and_then([&](RedisReply reply) {
    return value_of(std::move(reply), impl_->client.endpoint());
  });
}

Result<void> RedisBackend::Impl::check_value(std::string_view value) const {
  const Bytes limit = client.config().max_value;
  if (value.size() <= limit.count) return {};
  return fail(Errc::too_large,
              fmt::format("a value of {} is over the limit of {}", format_bytes({value.size()}),
                          format_bytes(limit)),
              client.endpoint(), "store less, or raise redis.max_value and the server's own limit");
}

Result<bool> RedisBackend::do_set(const SetItem& item, SetCondition condition, Deadline deadline) {
  if (Result<void> fits = impl_->check_value(item.value); !fits) {
    return fail(std::move(fits).error());
  }
  const SetCommand command(item, condition);
  return impl_->client.run(command.words(), Replay::no, deadline)
      .and_then([&](const RedisReply& reply) { return stored(reply, impl_->client.endpoint()); });
}

Result<bool> RedisBackend::do_remove(std::string_view key, Deadline deadline) {
  return impl_->client.run({"DEL", key}, Replay::no, deadline).and_then([&](const auto& reply) {
    return any_of(reply, impl_->client.endpoint());
  });
}

Result<bool> RedisBackend::do_exists(std::string_view key, Deadline deadline) {
  return impl_->client.run({"EXISTS", key}, Replay::yes, deadline).and_then([&](const auto& reply) {
    return any_of(reply, impl_->client.endpoint());
  });
}

Result<std::optional<Ttl>> RedisBackend::do_ttl(std::string_view key, Deadline deadline) {
  const auto left = impl_->client.run({"PTTL", key}, Replay::yes, deadline)
                        .and_then([&](const RedisReply& reply) {
                          return number_of(reply, impl_->client.endpoint());
                        });
  if (!left) return fail(left.error());
  if (*left == -2) return std::nullopt;  // No such key.
  if (*left == -1) return Ttl::none();
  return Ttl(std::chrono::milliseconds(*left));
}

Result<bool> RedisBackend::do_touch(std::string_view key, Ttl ttl, Deadline deadline) {
  Pipeline request(Replay::no);
  if (ttl.expires()) {
    request.add({"PEXPIRE", key, std::to_string(ttl.duration().count())});
  } else {
    request.add({"PERSIST", key});  // Answers 0 for a key without a TTL as for a missing one.
    request.add({"EXISTS", key});
  }
  auto replies = impl_->client.run_all(request, deadline);
  if (!replies) return fail(std::move(replies).error());
  return any_of(replies->back(), impl_->client.endpoint());
}

Result<std::int64_t> RedisBackend::do_increment(std::string_view key, std::int64_t by,
                                                Deadline deadline) {
  const std::string amount = std::to_string(by);
  return impl_->client.run({"INCRBY", key, amount}, Replay::no, deadline)
      .and_then(
          [&](const RedisReply& reply) { return number_of(reply, impl_->client.endpoint()); });
}

// Single GETs instead of MGET: MGET answers nil for a key of another type, and an error must not
// look like a miss.
std::vector<Result<std::optional<std::string>>> RedisBackend::do_get_many(
    std::span<const std::string_view> keys, Deadline deadline) {
  Pipeline request(Replay::yes);
  request.reserve(keys.size());
  for (const std::string_view key : keys) request.add({"GET", key});
  return each<Result<std::optional<std::string>>>(impl_->client, request, deadline, value_of);
}

std::vector<Result<bool>> RedisBackend::do_set_many(std::span<const SetItem> items,
                                                    SetCondition condition, Deadline deadline) {
  Pipeline request(Replay::no);
  std::vector<std::pair<std::size_t, Error>> refused;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (Result<void> fits = impl_->check_value(items[i].value); fits) {
      request.add(SetCommand(items[i], condition).words());
    } else {
      refused.emplace_back(i, std::move(fits).error());
    }
  }
  std::vector<Result<bool>> outcomes;
  if (request.size() > 0) {
    outcomes = each<Result<bool>>(impl_->client, request, deadline, stored);
  }
  for (auto& [index, error] : refused) {  // Ascending, so every position is final.
    outcomes.insert(outcomes.begin() + static_cast<std::ptrdiff_t>(index), fail(std::move(error)));
  }
  return outcomes;
}

std::vector<Result<bool>> RedisBackend::do_remove_many(std::span<const std::string_view> keys,
                                                       Deadline deadline) {
  Pipeline request(Replay::no);
  for (const std::string_view key : keys) request.add({"UNLINK", key});
  return each<Result<bool>>(impl_->client, request, deadline, any_of);
}

Result<void> RedisBackend::do_scan(const ScanOptions& options,
                                   std::chrono::milliseconds page_timeout,
                                   const KeyVisitor& visit) {
  const std::string count = std::to_string(options.page_size);
  std::string cursor = "0";
  do {
    auto reply = impl_->client.run({"SCAN", cursor, "MATCH", options.pattern, "COUNT", count},
                                   Replay::yes, Deadline::after(page_timeout));
    if (!reply) return fail(std::move(reply).error());
    if (reply->elements.size() != 2 || reply->elements[0].type != Type::string) {
      return fail(redis::unexpected_reply("SCAN", impl_->client.endpoint()));
    }
    for (const RedisReply& key : reply->elements[1].elements) {
      if (!visit(key.text)) return {};
    }
    cursor = std::move(reply->elements[0].text);
  } while (cursor != "0");
  return {};
}

Result<void> RedisBackend::do_clear(Deadline deadline) {
  return impl_->client.run({"FLUSHDB", "ASYNC"}, Replay::no, deadline).map([](const auto&) {});
}

}  // namespace cachekit
