#pragma once

#include "core/outgrown.hpp"

#include <cachekit/driver.hpp>
#include <cachekit/error.hpp>
#include <cachekit/operation.hpp>

#include <type_traits>

namespace cachekit {

/// What must hold of an operation before a driver sees it. Errors: `invalid_argument`; `too_large`
/// of a set under `if_absent` and of one by lease, which were to replace nothing. (Of any other
/// one, what it was to replace has to go.)
template <typename Operation>
[[nodiscard]] Result<void> check_operation(const Driver& driver, const Operation& operation) {
  if constexpr (requires { operation.key; }) {
    if (Result<void> valid = driver.check_key(operation.key); !valid) return valid;
  }
  if constexpr (requires { operation.ttl; }) {
    if (Result<void> valid = validate(operation.ttl); !valid) return valid;
  }
  if constexpr (requires { operation.lease_ttl; }) {
    if (!operation.lease_ttl.expires()) {
      return fail(Errc::invalid_argument, "a lease must end", {}, "give it a TTL");
    }
    if (Result<void> valid = validate(operation.lease_ttl); !valid) return valid;
  }
  if constexpr (std::is_same_v<Operation, operation::LeaseSet>) {
    if (Result<void> fits = driver.check_value(operation.value); !fits) return fits;
  }
  if constexpr (requires { operation.discard; }) {
    if (operation.discard) {
      return fail(Errc::invalid_argument, "an operation that discards is for drivers alone", {},
                  "remove the key");
    }
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
