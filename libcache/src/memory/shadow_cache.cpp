#include "memory/shadow_cache.hpp"

#include <utility>

namespace cachekit::memory {

ShadowCache::ShadowCache(std::size_t capacity, std::unique_ptr<Policy> policy)
    : entries_(capacity), policy_(std::move(policy)) {}

bool ShadowCache::access(std::uint32_t hash) {
  const std::string_view key(reinterpret_cast<const char*>(&hash), sizeof hash);
  if (Entry* const entry = index_.find(hash, key)) {
    policy_->use(*entry);
    return true;
  }
  policy_->reserve();
  Entry* entry = nullptr;
  if (used_ < entries_.size()) {
    entry = &entries_[used_++].entry;
  } else {
    entry = &policy_->evict();
    index_.erase(*entry);
  }
  entry->hash = hash;
  entry->key_size_less_one = sizeof hash - 1;
  reinterpret_cast<Node*>(entry)->key = hash;
  index_.insert(*entry);
  policy_->add(*entry);
  return false;
}

}  // namespace cachekit::memory
