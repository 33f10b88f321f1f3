#include "core/guarded.hpp"
#include "memcached/backend_impl.hpp"
#include "memcached/counting.hpp"
#include "memcached/expiry.hpp"
#include "memcached/key.hpp"
#include "memcached/meaning.hpp"

#include <cachekit/clock.hpp>
#include <cachekit/memcached.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cachekit {

using memcached::Command;
using memcached::Reply;
using memcached::Verb;
using Status = memcached::Reply::Status;

namespace {

bool is_done(const Reply& reply) { return reply.status == Status::done; }

}  // namespace

Result<Command> MemcachedBackend::Impl::store_command(const SetItem& item,
                                                      SetCondition condition) const {
  if (item.value.size() > config.max_value.count) {
    return fail(Errc::too_large,
                fmt::format("the value has {} bytes; memcached.max_value allows {}",
                            item.value.size(), config.max_value.count),
                {}, "store less, or raise max_value and the server's -I");
  }
  return memcached::expiry_number(item.ttl, Clock::system().wall()).map([&](std::int64_t expiry) {
    return Command{.verb = Verb::store,
                   .key = item.key,
                   .value = item.value,
                   .condition = condition,
                   .expiry = expiry};
  });
}

MemcachedBackend::MemcachedBackend(MemcachedConfig config)
    : impl_(std::make_unique<Impl>(std::move(config))) {}

MemcachedBackend::~MemcachedBackend() {
  if (impl_->cluster) impl_->cluster->end();
}

Capabilities MemcachedBackend::capabilities() const {
  constexpr std::uint64_t server_default = std::uint64_t{1} << 20U;
  return {.remaining_ttl = true,
          .binary_keys = true,
          .clustering = true,
          .ttl_resolution = std::chrono::seconds(1),
          .max_key_bytes = memcached::max_key_bytes,
          .max_value_bytes = std::min(impl_->config.max_value.count, server_default)};
}

std::string MemcachedBackend::target() const {
  return or_nothing(
      [&] { return fmt::format("memcached://{}", fmt::join(impl_->config.servers, ",")); });
}

Result<std::string> MemcachedBackend::server_of(std::string_view key) const {
  if (!impl_->cluster) return fail(impl_->cluster.error());
  return check_key(key).map([&] { return impl_->cluster->owner(key).endpoint(); });
}

std::chrono::milliseconds MemcachedBackend::default_timeout() const noexcept {
  return impl_->config.operation_timeout;
}

Result<void> MemcachedBackend::check_key(std::string_view key) const {
  return memcached::check_key(key);
}

Result<void> MemcachedBackend::do_connect() {
  if (!impl_->cluster) return fail(impl_->cluster.error());
  return impl_->cluster->open();
}

Result<std::optional<std::string>> MemcachedBackend::do_get(std::string_view key,
                                                            Deadline deadline) {
  return impl_->ask({.verb = Verb::get, .key = key}, deadline).and_then([](Reply&& reply) {
    return memcached::as_value(std::move(reply), {});
  });
}

Result<bool> MemcachedBackend::do_set(const SetItem& item, SetCondition condition,
                                      Deadline deadline) {
  return impl_->store_command(item, condition)
      .and_then([&](const Command& command) { return impl_->ask(command, deadline); })
      .map(is_done);
}

Result<bool> MemcachedBackend::do_remove(std::string_view key, Deadline deadline) {
  return impl_->ask({.verb = Verb::remove, .key = key}, deadline).map(is_done);
}

Result<bool> MemcachedBackend::do_exists(std::string_view key, Deadline deadline) {
  return impl_->ask({.verb = Verb::exists, .key = key}, deadline).map(is_done);
}

Result<std::optional<Ttl>> MemcachedBackend::do_ttl(std::string_view key, Deadline deadline) {
  return impl_->ask({.verb = Verb::remaining_ttl, .key = key}, deadline)
      .and_then([](Reply&& reply) { return memcached::as_ttl(std::move(reply), {}); });
}

Result<bool> MemcachedBackend::do_touch(std::string_view key, Ttl ttl, Deadline deadline) {
  return memcached::expiry_number(ttl, Clock::system().wall())
      .and_then([&](std::int64_t expiry) {
        return impl_->ask({.verb = Verb::touch, .key = key, .expiry = expiry}, deadline);
      })
      .map(is_done);
}

Result<std::int64_t> MemcachedBackend::do_increment(std::string_view key, std::int64_t by,
                                                    Deadline deadline) {
  if (!impl_->cluster) return fail(impl_->cluster.error());
  memcached::Cluster& cluster = *impl_->cluster;
  memcached::Counting counting(key, by, cluster.owner(key).endpoint());
  std::vector<Result<Reply>> replies = cluster.ask_many(counting.attempt(), deadline);
  std::optional<Command> next = counting.tried(std::move(replies[0]), replies[1]);
  while (next) next = counting.answered(cluster.ask(*next, deadline));
  return std::move(counting.outcome());
}

Result<void> MemcachedBackend::do_scan(const ScanOptions&, std::chrono::milliseconds,
                                       const KeyVisitor&) {
  return fail(Errc::unsupported, "memcached cannot list keys, nor remove them by a pattern", {},
              "remove keys by name, let them expire, clear everything, or use Redis");
}

Result<void> MemcachedBackend::do_clear(Deadline deadline) {
  if (!impl_->cluster) return fail(impl_->cluster.error());
  for (memcached::NodeBatch& one : impl_->cluster->ask_all(Verb::flush_all, deadline)) {
    const Result<void>& sent = one.outcome;
    if (sent && one.batch.replies().front()) continue;
    Error error = sent ? one.batch.replies().front().error() : sent.error();
    error.endpoint = one.node->endpoint();
    return fail(std::move(error));
  }
  return {};
}

}  // namespace cachekit
