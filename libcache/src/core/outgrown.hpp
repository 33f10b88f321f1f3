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

/// What to say with the error of such a set when that failed, too.
[[nodiscard]] inline std::string older_value_stays(const Error& why) {
  return "; the older value could not be removed either (" + why.describe() + ")";
}

}  // namespace cachekit
