// The operations of the common interface once more, for callers who do not wait.

#include "net/async_state.hpp"
#include "redis/backend_impl.hpp"
#include "redis/operations.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace cachekit {
namespace {

// Whether the reply, it seems, is large.
template <typename Operation>
bool large_reply(const Operation& operation, const net::LargeKeys& large) noexcept {
  if constexpr (std::is_same_v<Operation, redis::Get>) return large.contains(operation.key);
  return false;
}

// An operation that owns all it refers to. Lifetime: of `large`, longer.
template <typename Operation>
class OwningRequest final : private net::OwnedBytes, public redis::OperationRequest<Operation> {
 public:
  using net::OwnedBytes::release_bytes;

  using Value = typename Operation::Value;

  OwningRequest(const Operation& operation, std::string endpoint, net::LargeKeys& large)
      : redis::OperationRequest<Operation>(operation.kept_in(OwnedBytes::bytes),
                                           large_reply(operation, large)),
        endpoint_(std::move(endpoint)),
        large_(large) {}

  [[nodiscard]] Result<Value> take(const Result<void>& outcome) {
    if (!outcome) return fail(outcome.error());
    Result<Value> value = this->value(endpoint_);
    if constexpr (std::is_same_v<Operation, redis::Get>) {
      if (value && *value) large_.note(this->operation().key, (*value)->size());
    }
    return value;
  }

 private:
  std::string endpoint_;
  net::LargeKeys& large_;
};

template <typename Operation, typename Call>
Pending<typename Operation::Value> begin(redis::Client& client, net::LargeKeys& large,
                                         const Operation& operation, Call call) {
  using Value = typename Operation::Value;
  if (!client.check_config()) return std::move(call).done(fail(client.check_config().error()));
  using State = net::AsyncState<Value, OwningRequest<Operation>>;
  auto* const state =
      new State(call.deadline, std::move(call.report), operation, client.endpoint(), large);
  state->stop_with(std::move(call.stop));
  client.channel().start(*state);
  return Pending<Value>(state);
}

}  // namespace

Pending<std::optional<std::string>> RedisBackend::do_async_get(
    std::string_view key, AsyncCall<std::optional<std::string>> call) {
  return begin(impl_->client, impl_->large_keys, redis::Get{key}, std::move(call));
}

Pending<bool> RedisBackend::do_async_set(const SetItem& item, SetCondition condition,
                                         AsyncCall<bool> call) {
  if (Result<void> fits = impl_->check_value(item.value); !fits) {
    if (condition != SetCondition::if_absent) {  // Not a call of its own, and not counted as one.
      do_async_remove(item.key, {call.deadline, {}, [](const Result<bool>&) {}}).ignore();
    }
    return std::move(call).done(fail(std::move(fits).error()));
  }
  impl_->note_size(item.key, item.value.size());
  return begin(impl_->client, impl_->large_keys, redis::Set{item, condition}, std::move(call));
}

Pending<bool> RedisBackend::do_async_remove(std::string_view key, AsyncCall<bool> call) {
  return begin(impl_->client, impl_->large_keys, redis::Remove(key), std::move(call));
}

Pending<bool> RedisBackend::do_async_exists(std::string_view key, AsyncCall<bool> call) {
  return begin(impl_->client, impl_->large_keys, redis::Exists(key), std::move(call));
}

Pending<bool> RedisBackend::do_async_touch(std::string_view key, Ttl ttl, AsyncCall<bool> call) {
  return begin(impl_->client, impl_->large_keys, redis::Touch(key, ttl), std::move(call));
}

Pending<std::int64_t> RedisBackend::do_async_increment(std::string_view key, std::int64_t by,
                                                       AsyncCall<std::int64_t> call) {
  return begin(impl_->client, impl_->large_keys, redis::Increment{key, by}, std::move(call));
}

}  // namespace cachekit
