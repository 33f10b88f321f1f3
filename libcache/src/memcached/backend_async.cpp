// The operations of the common interface once more, for callers who do not wait.

#include "memcached/backend_impl.hpp"
#include "memcached/expiry.hpp"
#include "memcached/meaning.hpp"
#include "net/async_state.hpp"

#include <cachekit/clock.hpp>
#include <cachekit/memcached.hpp>

#include <utility>

namespace cachekit {

using memcached::Command;
using memcached::Reply;
using memcached::Verb;

namespace {

// The command when all that it refers to has been copied into a string.
Command kept_in(std::string& bytes, Command command) {
  bytes.reserve(command.key.size() + command.value.size());
  bytes.append(command.key).append(command.value);
  const std::string_view kept = bytes;
  const std::size_t end = command.key.size();
  command.key = kept.substr(0, end);
  command.value = kept.substr(end);
  return command;
}

// A command that owns all it refers to; `Meaning` tells what its reply is to the caller. Lifetime:
// of the cluster, longer.
template <typename T, Result<T> (*Meaning)(Reply&&, const std::string&)>
class OwningCommand final : private net::OwnedBytes, public memcached::SingleCommand {
 public:
  using net::OwnedBytes::release_bytes;

  OwningCommand(const Command& command, memcached::Cluster& cluster, std::string endpoint)
      : SingleCommand(kept_in(OwnedBytes::bytes, command), cluster.expects_large(command)),
        cluster_(cluster),
        endpoint_(std::move(endpoint)) {}

  [[nodiscard]] Result<T> take(const Result<void>& outcome) {
    if (!outcome) return fail(outcome.error());
    if (!reply()) {
      if (reply().error().endpoint.empty()) reply().error().endpoint = endpoint_;
      return fail(std::move(reply()).error());
    }
    cluster_.note_fetched(command(), reply());
    return Meaning(*std::move(reply()), endpoint_);
  }

 private:
  memcached::Cluster& cluster_;
  std::string endpoint_;
};

// A classic server cannot create a counter and count in one step.
Result<std::int64_t> as_counted(Reply&& reply, const std::string& endpoint) {
  if (reply.status == Reply::Status::done) return memcached::as_counter(std::move(reply), endpoint);
  return fail(Errc::unsupported, "the counter does not exist, and this server cannot create it",
              endpoint, "use increment(), or set the counter first");
}

template <auto Meaning, typename T, typename Call>
Pending<T> begin(Result<memcached::Cluster>& cluster, const Command& command, Call call) {
  if (!cluster) return std::move(call).done(fail(cluster.error()));
  memcached::Node& node = cluster->owner(command.key);
  using State = net::AsyncState<T, OwningCommand<T, Meaning>>;
  cluster->note_stored(command);
  auto* const state =
      new State(call.deadline, std::move(call.report), command, *cluster, node.endpoint());
  state->stop_with(std::move(call.stop));
  node.channel().start(*state);
  return Pending<T>(state);
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
  return begin<as_counted, std::int64_t>(
      impl_->cluster, {.verb = Verb::increment, .key = key, .delta = by}, std::move(call));
}

}  // namespace cachekit
