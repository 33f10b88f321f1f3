#include "core/counter.hpp"
#include "core/glob.hpp"

#include <cachekit/driver_tools.hpp>

#include <fmt/format.h>

namespace cachekit {

bool glob_match(std::string_view pattern, std::string_view key) noexcept {
  return core::glob_match(pattern, key);
}

Result<std::int64_t> counter_sum(std::optional<std::string_view> stored, std::int64_t by) {
  std::int64_t number = 0;
  if (stored) {
    const std::optional<std::int64_t> parsed = core::parse_counter(*stored);
    if (!parsed) return fail(core::not_a_counter());
    number = *parsed;
  }
  std::int64_t sum = 0;
  if (__builtin_add_overflow(number, by, &sum)) {
    return fail(core::counter_overflow(fmt::format("{} + {}", number, by)));
  }
  return sum;
}

}  // namespace cachekit
