// RedisBackend: what each operation of the common interface is in commands. The operations that
// only Redis has are in redis_extras.cpp, ping and stats in redis_report.cpp.

#include "core/guarded.hpp"
#include "redis/backend_impl.hpp"
#include "redis/operations.hpp"

#include <fmt/format.h>

namespace cachekit {
namespace {

using redis::Pipeline;
using redis::Replay;
using Type = RedisReply::Type;

constexpr std::size_t max_key_bytes = std::size_t{512} << 20U;  // A Redis string.

// Runs a batch of one kind; a batch that failed as a whole fails every one.
template <typename Operation>
std::vector<Result<typename Operation::Value>> run_batch(redis::Client& client, Pipeline& batch,
                                                         Deadline deadline) {
  using Outcome = Result<typename Operation::Value>;
  auto replies = client.run_all(batch, deadline);
  if (!replies) return all_failed<Outcome>(batch.size(), replies.error());
  std::vector<Outcome> outcomes;
  outcomes.reserve(replies->size());
  for (RedisReply& reply : *replies) {
    outcomes.push_back(Operation::value_of(std::move(reply), client.endpoint()));
  }
  return outcomes;
}

}  // namespace

RedisBackend::RedisBackend(const RedisConfig& config) : impl_(std::make_unique<Impl>(config)) {}
RedisBackend::~RedisBackend() { impl_->client.channel().end(); }

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
  return or_nothing([&] {
    const RedisConfig& config = impl_->client.config();
    return config.unix_socket.empty()
               ? fmt::format("redis://{}/{}", impl_->client.endpoint(), config.database)
               : fmt::format("redis+unix://{}?db={}", config.unix_socket, config.database);
  });
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
  auto value = impl_->client.run(redis::Get{key}, deadline, impl_->large_keys.contains(key));
  if (value && *value) impl_->note_size(key, (*value)->size());
  return value;
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
  impl_->note_size(item.key, item.value.size());
  return impl_->client.run(redis::Set{item, condition}, deadline);
}

Result<bool> RedisBackend::do_remove(std::string_view key, Deadline deadline) {
  return impl_->client.run(redis::Remove(key), deadline);
}

Result<bool> RedisBackend::do_exists(std::string_view key, Deadline deadline) {
  return impl_->client.run(redis::Exists(key), deadline);
}

Result<std::optional<Ttl>> RedisBackend::do_ttl(std::string_view key, Deadline deadline) {
  return impl_->client.run(redis::RemainingTtl{key}, deadline);
}

Result<bool> RedisBackend::do_touch(std::string_view key, Ttl ttl, Deadline deadline) {
  return impl_->client.run(redis::Touch(key, ttl), deadline);
}

Result<std::int64_t> RedisBackend::do_increment(std::string_view key, std::int64_t by,
                                                Deadline deadline) {
  return impl_->client.run(redis::Increment{key, by}, deadline);
}

// Single GETs instead of MGET: MGET answers nil for a key of another type, and an error must not
// look like a miss.
std::vector<Result<std::optional<std::string>>> RedisBackend::do_get_many(
    std::span<const std::string_view> keys, Deadline deadline) {
  Pipeline request(Replay::yes);
  request.reserve(keys.size());
  for (const std::string_view key : keys) {
    request.add_operation(redis::Get{key});
    if (impl_->large_keys.contains(key)) request.expect_much();
  }
  auto values = run_batch<redis::Get>(impl_->client, request, deadline);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (values[i] && *values[i]) impl_->note_size(keys[i], (*values[i])->size());
  }
  return values;
}

std::vector<Result<bool>> RedisBackend::do_set_many(std::span<const SetItem> items,
                                                    SetCondition condition, Deadline deadline) {
  Pipeline request(Replay::no);
  std::vector<std::pair<std::size_t, Error>> refused;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (Result<void> fits = impl_->check_value(items[i].value); fits) {
      impl_->note_size(items[i].key, items[i].value.size());
      request.add_operation(redis::Set{items[i], condition});
    } else {
      refused.emplace_back(i, std::move(fits).error());
    }
  }
  std::vector<Result<bool>> outcomes;
  if (request.size() > 0) {
    outcomes = run_batch<redis::Set>(impl_->client, request, deadline);
  }
  for (auto& [index, error] : refused) {  // Ascending, so every position is final.
    outcomes.insert(outcomes.begin() + static_cast<std::ptrdiff_t>(index), fail(std::move(error)));
  }
  return outcomes;
}

std::vector<Result<bool>> RedisBackend::do_remove_many(std::span<const std::string_view> keys,
                                                       Deadline deadline) {
  Pipeline request(Replay::no);
  for (const std::string_view key : keys) request.add_operation(redis::Remove(key));
  return run_batch<redis::Remove>(impl_->client, request, deadline);
}

Result<void> RedisBackend::do_scan(const ScanOptions& options,
                                   std::chrono::milliseconds page_timeout,
                                   const KeyVisitor& visit) {
  const std::string count = std::to_string(options.page_size);
  std::string cursor = "0";
  do {
    auto reply = impl_->client.run({"SCAN", cursor, "MATCH", options.pattern, "COUNT", count},
                                   Replay::yes, redis::only_array, Deadline::after(page_timeout));
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
  return impl_->client.run({"FLUSHDB", "ASYNC"}, Replay::no, redis::only_status, deadline)
      .map([](const auto&) {});
}

}  // namespace cachekit
