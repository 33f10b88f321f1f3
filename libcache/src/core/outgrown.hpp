#pragma once

#include <cachekit/deadline.hpp>
#include <cachekit/driver.hpp>
#include <cachekit/error.hpp>
#include <cachekit/operation.hpp>

#include <string>

/// Of a value that is too large no older one is left, which would look current.

namespace cachekit {

/// Whether a set may replace something, which has to go when it is too large itself.
[[nodiscard]] inline bool replaces(const operation::Set& set) noexcept {
  return set.condition != SetCondition::if_absent;
}

/// One that finds another value than it expects replaces nothing: it is to find out.
[[nodiscard]] constexpr bool replaces(const operation::CompareAndSet&) noexcept { return true; }

/// An operation that stores a value, which may be too large.
template <typename Operation>
concept StoresValue = requires(const Operation& operation) {
  operation.discard;
};

/// What is to be done in the place of an operation whose value is too large: no older one is left.
template <StoresValue Operation>
[[nodiscard]] Operation discarding(Operation operation) noexcept {
  operation.discard = true;
  operation.value = {};
  return operation;
}

/// What to say with the error of such a value when that failed, too.
[[nodiscard]] inline std::string older_value_stays(const Error& why) {
  return "; the older value could not be removed either (" + why.describe() + ")";
}

}  // namespace cachekit
