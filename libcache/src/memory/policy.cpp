#include "memory/policy.hpp"

#include "memory/adaptive_policy.hpp"
#include "memory/simple_policies.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace cachekit::memory {

std::unique_ptr<Policy> make_policy(EvictionPolicy policy,
                                    const std::atomic<Admission>& admission) {
  switch (policy) {
    case EvictionPolicy::lru:
      return std::make_unique<Lru>();
    case EvictionPolicy::fifo:
      return std::make_unique<Fifo>();
    case EvictionPolicy::adaptive:
      break;
  }
  return std::make_unique<AdaptivePolicy>(admission);
}

}  // namespace cachekit::memory

namespace cachekit {
namespace {

struct Name {
  EvictionPolicy policy;
  std::string_view text;
};
constexpr std::array<Name, 3> names{{{EvictionPolicy::adaptive, "adaptive"},
                                     {EvictionPolicy::lru, "lru"},
                                     {EvictionPolicy::fifo, "fifo"}}};

}  // namespace

std::string_view to_string(EvictionPolicy policy) noexcept {
  return std::find_if(names.begin(), names.end(),
                      [policy](const Name& name) { return name.policy == policy; })
      ->text;
}

Result<EvictionPolicy> parse_eviction_policy(std::string_view text) {
  for (const Name& name : names) {
    if (name.text == text) return name.policy;
  }
  return fail(Errc::invalid_argument,
              fmt::format("'{}' is not a policy: expected adaptive, lru or fifo", text));
}

}  // namespace cachekit
