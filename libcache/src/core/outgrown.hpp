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

/// Only the comparison itself tells whether it replaces something; the removal in its place
/// compares, too, and so it may always be tried.
[[nodiscard]] constexpr bool replaces(const operation::CompareAndSet&) noexcept { return true; }

/// An operation that can remove what it was to replace, where its value is too large.
template <typename Operation>
concept Discardable = requires(const Operation& operation) {
  operation.discard;
};

/// What is to be done in the place of an operation whose value is too large: no older one is left.
template <Discardable Operation>
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
