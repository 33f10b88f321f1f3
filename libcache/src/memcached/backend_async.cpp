// The operations of the common interface once more, for callers who do not wait.

#include "memcached/backend_impl.hpp"
#include "memcached/counting_call.hpp"
#include "memcached/expiry.hpp"
#include "memcached/meaning.hpp"
#include "memcached/owning_command.hpp"

#include <cachekit/clock.hpp>
#include <cachekit/memcached.hpp>

#include <utility>

namespace cachekit {

using memcached::Command;
using memcached::Verb;

namespace {

template <auto Meaning, typename T, typename Call>
Pending<T> begin(Result<memcached::Cluster>& cluster, const Command& command, Call call) {
  if (!cluster) return std::move(call).done(fail(cluster.error()));
  return memcached::start<T, Meaning>(*cluster, command, call.deadline, std::move(call.stop),
                                      std::move(call.report));
}

}  // namespace

Pending<std::optional<std::string>> MemcachedBackend::do_async_get(
    std::string_view key, AsyncCall<std::optional<std::string>> call) {
  return begin<memcached::as_value, std::optional<std::string>>(
      impl_->cluster, {.verb = Verb::get, .key = key}, std::move(call));
}

Pending<bool> MemcachedBackend::do_async_set(const SetItem& item, SetCondition condition,
                                             AsyncCall<bool> call) {
  Result<Command> command = impl_->store_command(item, condition);
  if (!command) {
    const bool clean_up =
        command.error().code == Errc::too_large && condition != SetCondition::if_absent;
    if (clean_up) {  // Not a call of its own, and not counted as one.
      do_async_remove(item.key, {call.deadline, {}, [](const Result<bool>&) {}}).ignore();
    }
    return std::move(call).done(fail(std::move(command).error()));
  }
  return begin<memcached::as_done, bool>(impl_->cluster, *command, std::move(call));
}

Pending<bool> MemcachedBackend::do_async_remove(std::string_view key, AsyncCall<bool> call) {
  return begin<memcached::as_done, bool>(impl_->cluster, {.verb = Verb::remove, .key = key},
                                         std::move(call));
}

Pending<bool> MemcachedBackend::do_async_exists(std::string_view key, AsyncCall<bool> call) {
  return begin<memcached::as_done, bool>(impl_->cluster, {.verb = Verb::exists, .key = key},
                                         std::move(call));
}

Pending<bool> MemcachedBackend::do_async_touch(std::string_view key, Ttl ttl,
                                               AsyncCall<bool> call) {
  const Result<std::int64_t> expiry = memcached::expiry_number(ttl, Clock::system().wall());
  if (!expiry) return std::move(call).done(fail(expiry.error()));
  return begin<memcached::as_done, bool>(
      impl_->cluster, {.verb = Verb::touch, .key = key, .expiry = *expiry}, std::move(call));
}

Pending<std::int64_t> MemcachedBackend::do_async_increment(std::string_view key, std::int64_t by,
                                                           AsyncCall<std::int64_t> call) {
  if (!impl_->cluster) return std::move(call).done(fail(impl_->cluster.error()));
  auto* const state =
      new memcached::CountingCall(*impl_->cluster, key, by, call.deadline, std::move(call.report));
  Pending<std::int64_t> pending(state);
  state->start(std::move(call.stop));
  return pending;
}

}  // namespace cachekit
