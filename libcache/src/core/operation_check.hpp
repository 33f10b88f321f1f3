#pragma once

#include <cachekit/driver.hpp>
#include <cachekit/error.hpp>
#include <cachekit/operation.hpp>

#include <string>

namespace cachekit {

/// Whether a set may replace something, which has to go when it is too large itself.
[[nodiscard]] inline bool replaces(const operation::Set& set) noexcept {
  return set.condition != SetCondition::if_absent;
}

/// What to say with the error of such a set when that failed, too.
[[nodiscard]] inline std::string older_value_stays(const Error& why) {
  return "; the older value could not be removed either (" + why.describe() + ")";
}

/// Whether a set came out too large, so that what it was to replace has to go.
[[nodiscard]] inline bool is_outgrown(const operation::Set& set,
                                      const Result<bool>& outcome) noexcept {
  return !outcome && outcome.error().code == Errc::too_large && replaces(set);
}

/// What must hold of an operation before a driver sees it. Errors: `invalid_argument`; `too_large`
/// of a set under `if_absent`, which was to replace nothing. (Of any other one, what it was to
/// replace has to go.)
template <typename Operation>
[[nodiscard]] Result<void> check_operation(const Driver& driver, const Operation& operation) {
  if constexpr (requires { operation.key; }) {
    if (Result<void> valid = driver.check_key(operation.key); !valid) return valid;
  }
  if constexpr (requires { operation.ttl; }) {
    if (Result<void> valid = validate(operation.ttl); !valid) return valid;
  }
  if constexpr (requires { operation.condition; }) {
    if (!replaces(operation)) return driver.check_value(operation.value);
  }
  if constexpr (requires { operation.page_size; }) {
    if (operation.page_size == 0) {
      return fail(Errc::invalid_argument, "a page size must be more than zero");
    }
  }
  return {};
}

}  // namespace cachekit
