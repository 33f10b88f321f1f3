#pragma once

#include "memcached/command.hpp"
#include "memcached/reply_values.hpp"

#include <cachekit/error.hpp>
#include <cachekit/operation.hpp>

#include <optional>
#include <string>
#include <type_traits>

/// The operations of operation.hpp that are one command each. (An increment is several, see
/// counting.hpp, and so is a comparison, see compare_and_set.hpp. Pages of keys there are none.)

namespace cachekit::memcached {

/// Errors: `invalid_argument`, for a TTL that the protocol cannot say.
[[nodiscard]] Result<Command> command_for(const operation::Get& get);
[[nodiscard]] Result<Command> command_for(const operation::Set& set);
[[nodiscard]] Result<Command> command_for(const operation::Remove& remove);
[[nodiscard]] Result<Command> command_for(const operation::Exists& exists);
[[nodiscard]] Result<Command> command_for(const operation::RemainingTtl& ttl);
[[nodiscard]] Result<Command> command_for(const operation::Touch& touch);

template <typename Operation>
concept OneCommand = requires(const Operation& operation) {
  command_for(operation);
};

/// What the reply to an operation's command means to its caller.
template <OneCommand Operation>
[[nodiscard]] Result<typename Operation::Value> value_of(Reply&& reply,
                                                         const std::string& endpoint) {
  using Value = typename Operation::Value;
  if constexpr (std::is_same_v<Value, bool>) {
    return as_done(std::move(reply), endpoint);
  } else if constexpr (std::is_same_v<Value, std::optional<Ttl>>) {
    return as_ttl(std::move(reply), endpoint);
  } else {
    return as_value(std::move(reply), endpoint);
  }
}

}  // namespace cachekit::memcached
