#include "memcached/operations.hpp"

#include "memcached/expiry.hpp"

#include <cachekit/clock.hpp>

#include <fmt/format.h>

namespace cachekit::memcached {

Result<Command> command_for(const operation::Get& get, const MemcachedConfig&) {
  return Command{.verb = Verb::get, .key = get.key};
}

Result<Command> command_for(const operation::Set& set, const MemcachedConfig& config) {
  if (set.value.size() > config.max_value.count) {
    return fail(Errc::too_large,
                fmt::format("the value has {} bytes; memcached.max_value allows {}",
                            set.value.size(), config.max_value.count),
                {}, "store less, or raise max_value and the server's -I");
  }
  return expiry_number(set.ttl, Clock::system().wall()).map([&](std::int64_t expiry) {
    return Command{.verb = Verb::store,
                   .key = set.key,
                   .value = set.value,
                   .condition = set.condition,
                   .expiry = expiry};
  });
}

Result<Command> command_for(const operation::Remove& remove, const MemcachedConfig&) {
  return Command{.verb = Verb::remove, .key = remove.key};
}

Result<Command> command_for(const operation::Exists& exists, const MemcachedConfig&) {
  return Command{.verb = Verb::exists, .key = exists.key};
}

Result<Command> command_for(const operation::RemainingTtl& ttl, const MemcachedConfig&) {
  return Command{.verb = Verb::remaining_ttl, .key = ttl.key};
}

Result<Command> command_for(const operation::Touch& touch, const MemcachedConfig&) {
  return expiry_number(touch.ttl, Clock::system().wall()).map([&](std::int64_t expiry) {
    return Command{.verb = Verb::touch, .key = touch.key, .expiry = expiry};
  });
}

}  // namespace cachekit::memcached
