#pragma once

#include <cachekit/operation.hpp>

#include <cstdint>
#include <string>

namespace cachekit {

/// How an answer may be stored, so that it takes the place of nothing newer, whoever wrote that.
struct StoreRight {
  enum class Kind : std::uint8_t {
    any,      ///< The backend knows no better.
    lease,    ///< While the lease is the key's.
    replace,  ///< In the place of the entry that was seen.
    none,     ///< Not at all: the backend has leases, and gave none.
  };
  Kind kind = Kind::any;
  LeaseToken token{};
  std::string seen{};  ///< The entry, where there was one.
};

}  // namespace cachekit
