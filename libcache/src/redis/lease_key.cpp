#include "redis/lease_key.hpp"

#include <cstddef>

namespace cachekit::redis {
namespace {

// Of a key that has a tag, and of one around which it is made: else `a` and `{a}` shared a lease.
constexpr std::string_view tagged_suffix = ":cachekit-lease-of-tagged";
constexpr std::string_view lease_suffix = ":cachekit-lease";

// Whether a part of the key chooses its slot: what is between the first `{` and the next `}`,
// unless that is nothing. Source: the cluster specification, "Hash tags".
bool has_tag(std::string_view key) noexcept {
  const std::size_t begin = key.find('{');
  if (begin == std::string_view::npos) return false;
  const std::size_t end = key.find('}', begin);
  return end != std::string_view::npos && end > begin + 1;
}

}  // namespace

std::string lease_key(std::string_view key) {
  const bool tagged = has_tag(key);
  std::string made;
  made.reserve(key.size() + tagged_suffix.size() + 2);
  if (!tagged) made += '{';
  made += key;
  if (!tagged) made += '}';
  return made += tagged ? tagged_suffix : lease_suffix;
}

bool is_lease_key(std::string_view key) noexcept {
  return key.ends_with(lease_suffix) || key.ends_with(tagged_suffix);
}

}  // namespace cachekit::redis
