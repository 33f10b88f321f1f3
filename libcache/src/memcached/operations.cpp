#include "memcached/operations.hpp"

#include "memcached/expiry.hpp"

#include <cachekit/runtime.hpp>

namespace cachekit::memcached {

Result<Command> command_for(const operation::Get& get) {
  return Command{.verb = Verb::get, .key = get.key};
}

Result<Command> command_for(const operation::Set& set) {
  if (set.discard) return Command{.verb = Verb::remove, .key = set.key};
  return expiry_number(set.ttl, Runtime::current().wall()).map([&](std::int64_t expiry) {
    return Command{.verb = Verb::store,
                   .key = set.key,
                   .value = set.value,
                   .condition = set.condition,
                   .expiry = expiry};
  });
}

Result<Command> command_for(const operation::Remove& remove) {
  return Command{.verb = Verb::remove, .key = remove.key};
}

Result<Command> command_for(const operation::Exists& exists) {
  return Command{.verb = Verb::exists, .key = exists.key};
}

Result<Command> command_for(const operation::RemainingTtl& ttl) {
  return Command{.verb = Verb::remaining_ttl, .key = ttl.key};
}

Result<Command> command_for(const operation::Touch& touch) {
  return expiry_number(touch.ttl, Runtime::current().wall()).map([&](std::int64_t expiry) {
    return Command{.verb = Verb::touch, .key = touch.key, .expiry = expiry};
  });
}

}  // namespace cachekit::memcached
