#pragma once

#include "memory/entry.hpp"

#include <string_view>

namespace cachekit::memory {

/// An entry without a shard, from a heap that all tests share.
[[nodiscard]] inline EntryPtr make_entry(const HashedKey& key, std::string_view value,
                                         Time expires_at) {
  static const BlockHeap::Pointer heap = BlockHeap::make(std::make_shared<PagePool>(HugePages::no));
  return make_entry(*heap, key, value, expires_at);
}

}  // namespace cachekit::memory
