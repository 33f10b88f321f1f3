#include "redis/redis_driver.hpp"

#include "net/mux/async_state.hpp"
#include "redis/large_replies.hpp"
#include "redis/operation_batch.hpp"
#include "redis/value_sizes.hpp"

#include <cachekit/driver_tools.hpp>

#include <utility>

#include <fmt/format.h>

namespace cachekit::redis {
namespace {

constexpr std::size_t max_key_bytes = std::size_t{512} << 20U;  // A Redis string.

tl::unexpected<Error> no_leases(const std::string& endpoint) {
  return fail(Errc::unsupported, "leases are switched off", endpoint,
              "set redis.leases, in all that write the keys");
}

// An operation that owns all it refers to. Lifetime: of `large`, longer.
template <typename Operation>
class OwningRequest final : private net::OwnedBytes, public OperationRequest<Operation> {
 public:
  using net::OwnedBytes::release_bytes;
  using Value = typename Operation::Value;

  OwningRequest(const Operation& operation, Fence fence, std::string endpoint,
                net::LargeKeys& large)
      : OperationRequest<Operation>(own(operation), fence, expects_large(large, operation)),
        endpoint_(std::move(endpoint)),
        large_(large) {}

  [[nodiscard]] Result<Value> take(const Result<void>& outcome) {
    Result<Value> value = this->value(outcome, endpoint_);
    note_fetched(large_, this->operation(), value);
    return value;
  }

 private:
  std::string endpoint_;
  net::LargeKeys& large_;
};

}  // namespace

Capabilities RedisDriver::capabilities() const {
  return {.persistence = true,
          .scan = true,
          .remove_matching = true,
          .remaining_ttl = true,
          .binary_keys = true,
          .negative_counters = true,
          .compare_and_set = true,
          .leases = client_.config().leases,
          .rich_data = true,
          .publish_subscribe = true,
          .transactions = true,
          .clustering = false,
          .ttl_resolution = std::chrono::milliseconds(1),
          .max_key_bytes = max_key_bytes,
          .max_value_bytes = client_.config().max_value.count};
}

std::string RedisDriver::target() const {
  const RedisConfig& config = client_.config();
  return config.unix_socket.empty()
             ? fmt::format("redis://{}/{}", client_.endpoint(), config.database)
             : fmt::format("redis+unix://{}?db={}", config.unix_socket, config.database);
}

Result<void> RedisDriver::check_key(std::string_view key) const {
  if (key.empty()) return fail(Errc::invalid_argument, "a key must not be empty");
  if (key.size() > max_key_bytes) {
    return fail(Errc::invalid_argument, "a key of Redis holds at most 512 MiB");
  }
  return {};
}

Result<void> RedisDriver::check_value(std::string_view value) const {
  const Bytes limit = client_.config().max_value;
  if (value.size() <= limit.count) return {};
  return fail(Errc::too_large,
              fmt::format("a value of {} is over the limit of {}", format_bytes({value.size()}),
                          format_bytes(limit)),
              client_.endpoint(),
              "store less, or raise redis.max_value and the server's own limit");
}

template <typename Operation>
Result<typename Operation::Value> RedisDriver::run_one(const Operation& operation,
                                                       Deadline deadline) {
  note_stored(large_keys_, operation);
  const bool large = expects_large(large_keys_, operation);
  auto value = client_.run(operation, deadline, large);
  note_fetched(large_keys_, operation, value);
  return value;
}

template <typename Operation>
void RedisDriver::run_many(const BatchOf<Operation>& batch, Deadline deadline) {
  if (!client_.check_config()) return fail_each(batch, client_.check_config().error());
  OperationBatch<Operation> split(batch, client_.fence(), large_keys_);
  client_.run(split, deadline);
  if constexpr (Discardable<Operation>) remove_outgrown(*this, batch, deadline);
}

void RedisDriver::run(const AnyBatch& any, Deadline deadline) {
  const auto run = [&]<typename Operation>(const BatchOf<Operation>& batch) {
    if (operation::OfLeases<Operation> && client_.fence() == Fence::no) {
      return fail_each(batch, no_leases(client_.endpoint()).value());
    }
    if (batch.operations.size() > 1) return run_many(batch, deadline);
    batch.outcomes[0] = run_one(batch.operations[0], deadline);
  };
  std::visit(run, any);
}

void RedisDriver::start(AnyAsyncCall& any) {
  const auto start_one = [this]<typename Operation>(AsyncCall<Operation>& call) {
    if (!client_.check_config()) return call.done(fail(client_.check_config().error()));
    if (operation::OfLeases<Operation> && client_.fence() == Fence::no) {
      return call.done(no_leases(client_.endpoint()));
    }
    using State = net::AsyncState<typename Operation::Value, OwningRequest<Operation>>;
    note_stored(large_keys_, call.operation);
    auto* const state = new State(call.deadline, std::move(call.report), call.operation,
                                  client_.fence(), client_.endpoint(), large_keys_);
    state->stop_with(std::move(call.stop));
    client_.start(*state, key_of(state->call().operation()));
    call.pending = Pending<typename Operation::Value>(state);
  };
  std::visit(start_one, any);
}

Result<void> RedisDriver::clear(Deadline deadline) {
  return client_.run({"FLUSHDB", "ASYNC"}, Idempotent::no, only_ok, deadline)
      .map([](const RedisReply&) {});
}

Result<RedisReply> RedisDriver::run_shared(std::span<const std::string_view> arguments,
                                           Idempotent idempotent, const std::string& label,
                                           Deadline deadline) {
  auto reply =
      client_.run(arguments, idempotent, ReplyShape::any(), deadline, large_keys_.contains(label));
  // What was thrown away for its size was large, too.
  const bool too_large = !reply && reply.error().code == Errc::too_large;
  if (reply || too_large) {
    large_keys_.note(label, too_large ? net::large_bytes : size_of(*reply));
  }
  return reply;
}

}  // namespace cachekit::redis
