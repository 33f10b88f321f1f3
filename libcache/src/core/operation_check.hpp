#pragma once

#include <cachekit/driver.hpp>
#include <cachekit/error.hpp>
#include <cachekit/operation.hpp>

namespace cachekit {

/// What must hold of an operation before a driver sees it. Errors: `invalid_argument`.
template <typename Operation>
[[nodiscard]] Result<void> check_operation(const Driver& driver, const Operation& operation) {
  if constexpr (requires { operation.key; }) {
    if (Result<void> valid = driver.check_key(operation.key); !valid) return valid;
  }
  if constexpr (requires { operation.ttl; }) {
    if (Result<void> valid = validate(operation.ttl); !valid) return valid;
  }
  if constexpr (requires { operation.page_size; }) {
    if (operation.page_size == 0) {
      return fail(Errc::invalid_argument, "a page size must be more than zero");
    }
  }
  return {};
}

/// Whether a set failed in such a way that what it was to replace has to go. (Under `if_absent` it
/// was to replace nothing.)
[[nodiscard]] inline bool leaves_older_value(const operation::Set& set,
                                             const Result<bool>& stored) noexcept {
  return !stored && stored.error().code == Errc::too_large &&
         set.condition != SetCondition::if_absent;
}

}  // namespace cachekit
