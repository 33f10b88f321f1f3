#pragma once

#include "memory/entry.hpp"
#include "memory/index.hpp"
#include "memory/policy.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cachekit::memory {

/// A cache of hashes without values: says what a policy would hit, if it had so many entries.
///
/// Threads: one at a time. Cost: about 60 bytes an entry.
class ShadowCache {
 public:
  ShadowCache(std::size_t capacity, std::unique_ptr<Policy> policy);

  /// A look-up, and on a miss the storing that follows it; true for a hit.
  [[nodiscard]] bool access(std::uint32_t hash);

  [[nodiscard]] std::size_t capacity() const noexcept { return entries_.size(); }

 private:
  // An entry has its hash for a key: what lies behind the header is the key.
  struct alignas(BlockHeap::granule) Node {
    Entry entry;
    std::uint32_t key = 0;
  };

  std::vector<Node> entries_;
  std::size_t used_ = 0;
  Index index_;
  std::unique_ptr<Policy> policy_;
};

}  // namespace cachekit::memory
