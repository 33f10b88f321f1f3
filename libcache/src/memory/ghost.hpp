#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace cachekit::memory {

/// Remembers which keys were evicted, and when they had last come: four bytes a key.
///
/// A key is sixteen bits of its hash in a bucket of eight, its time is sixteen bits of a clock that
/// the owner keeps. Where a bucket is full, the oldest makes room. About one strange key in 8,000
/// is taken for one that is remembered.
///
/// Threads: the shard's lock guards it. Cost: one cache line a call.
class Ghost {
 public:
  using Time = std::uint16_t;

  /// Room for about so many keys.
  explicit Ghost(std::size_t keys);

  void add(std::uint32_t hash, Time when, Time now) noexcept;
  /// Forgets the key and says how long ago it had come, if it is remembered.
  [[nodiscard]] std::optional<Time> take(std::uint32_t hash, Time now) noexcept;

  /// Brings what the next call for this key looks at close to the processor.
  void prefetch(std::uint32_t hash) noexcept { __builtin_prefetch(&position(hash).bucket, 1); }

  [[nodiscard]] std::size_t room() const noexcept { return buckets_.size() * bucket_size; }

 private:
  static constexpr std::size_t bucket_size = 8;
  struct Slot {
    std::uint16_t mark = 0;  // 0: free
    Time when = 0;
  };
  using Bucket = std::array<Slot, bucket_size>;

  struct Position {
    Bucket& bucket;
    std::uint16_t mark;
  };
  [[nodiscard]] Position position(std::uint32_t hash) noexcept;

  std::vector<Bucket> buckets_;
};

}  // namespace cachekit::memory
