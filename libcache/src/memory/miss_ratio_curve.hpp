#pragma once

#include "core/mutex.hpp"
#include "memory/entry.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <tsl/robin_map.h>

namespace cachekit::memory {

/// What share of the look-ups an LRU cache of any size would have hit: SHARDS with a fixed number
/// of samples (Waldspurger, Park, Garthwaite and Ahmad, "Efficient MRC construction with SHARDS",
/// FAST 2015).
///
/// A look-up hits in a cache of n entries when fewer than n other keys were asked for since the
/// same key was last. Keys are sampled by their hash, so all look-ups of a key are counted or none;
/// where one key in k is in the sample, k times the distance among sampled keys is the distance.
/// When the sample grows above its bound, half of it goes and k doubles. Old counts fade: they are
/// halved each time as many look-ups were counted as twenty samples have keys.
///
/// Few keys may have most of the look-ups, and be in the sample or not. So the look-ups that are
/// missing from the sample, against its share of all, are taken for such as come at once again
/// ("SHARDS-adj").
///
/// Where keys are few, most of them are in the sample, which would cost each look-up a multiple of
/// its own time. So it looks at the first 65,536 of the sample and then pauses; `resume` lets it go
/// on where it has looked at less than one look-up in 256 or has paused for a minute, after a while
/// in which it only learns which keys there are. It pauses, too, where there is no memory.
///
/// Threads: all members may be called from any thread at once; a look-up that meets another one is
/// left out. Cost: of a key that is not in the sample, a comparison; else some 200 ns. At most 300
/// KiB of memory.
class MissRatioCurve {
 public:
  /// `look_ups` says how many there were so far, those included that were not in the sample. It is
  /// called now and then, by any thread.
  explicit MissRatioCurve(std::function<std::uint64_t()> look_ups);

  /// A look-up of the key with this hash.
  void note(std::uint64_t hash) noexcept {
    const std::uint64_t mixed = mix(hash);
    if (mixed <= threshold_.load(std::memory_order_relaxed)) access(mixed);
  }

  /// Goes on after a pause, if it is time; to be called now and then. Cost: of no pause, a load.
  void resume(Time now);

  /// Empty while too little was seen: fewer look-ups than a tenth of a full sample.
  [[nodiscard]] std::optional<double> hit_ratio(double entries) const;
  /// One key in so many is in the sample.
  [[nodiscard]] double sampling() const noexcept;
  /// How many look-ups it has looked at.
  [[nodiscard]] std::uint64_t looked_at() const;

  /// For `AtFork`.
  void lock_for_fork() CACHEKIT_ACQUIRE(mutex_) { mutex_.lock(); }
  void unlock_after_fork() noexcept CACHEKIT_RELEASE(mutex_) { mutex_.unlock(); }

 private:
  static constexpr std::size_t most_samples = 4096;
  static constexpr std::size_t slots = 4 * most_samples;
  static constexpr std::uint64_t first_look = 16 * most_samples;
  static constexpr std::uint64_t later_look = 8 * most_samples;
  static constexpr std::uint64_t learning = 2 * most_samples;
  static constexpr std::uint64_t one_in = 256;
  static constexpr std::size_t steps = 4;  // Of the histogram, for each power of two.
  static constexpr std::size_t buckets = 40 * steps;

  // Neither what chooses a shard nor what the admission tuner samples by says anything about it.
  [[nodiscard]] static std::uint64_t mix(std::uint64_t hash) noexcept {
    hash *= 0xC2B2AE3D27D4EB4FU;
    return hash ^ (hash >> 29U);
  }
  [[nodiscard]] static double lower_end(std::size_t bucket) noexcept;
  [[nodiscard]] static std::size_t bucket_of(double distance) noexcept;

  void access(std::uint64_t mixed) noexcept;
  void look_at(std::uint64_t mixed) CACHEKIT_REQUIRES(mutex_);
  void count(double distance, bool seen_before) CACHEKIT_REQUIRES(mutex_);
  void catch_up() const CACHEKIT_REQUIRES(mutex_);
  void pause() CACHEKIT_REQUIRES(mutex_);
  void halve() CACHEKIT_REQUIRES(mutex_);
  void thin_out() CACHEKIT_REQUIRES(mutex_);
  void renumber() CACHEKIT_REQUIRES(mutex_);
  void add(std::uint32_t slot, int change) noexcept CACHEKIT_REQUIRES(mutex_);
  [[nodiscard]] std::uint32_t newer_than(std::uint32_t slot) const noexcept
      CACHEKIT_REQUIRES(mutex_);

  const std::function<std::uint64_t()> look_ups_so_far_;
  std::atomic<std::uint64_t> threshold_{UINT64_MAX};  // 0 during a pause.
  std::atomic<std::uint64_t> share_{UINT64_MAX};      // The same, also then.
  mutable std::atomic<std::uint64_t> left_out_{0};    // Look-ups that met another one.

  mutable core::Mutex mutex_;
  tsl::robin_map<std::uint64_t, std::uint32_t> slot_of_
      CACHEKIT_GUARDED_BY(mutex_);  // When each key was last asked for.
  std::vector<std::int32_t> taken_
      CACHEKIT_GUARDED_BY(mutex_);  // A Fenwick tree over the slots: which hold a key.
  std::uint32_t next_ CACHEKIT_GUARDED_BY(mutex_) = 0;
  std::uint64_t looked_at_ CACHEKIT_GUARDED_BY(mutex_) = 0;          // Look-ups, in all.
  std::uint64_t pause_at_ CACHEKIT_GUARDED_BY(mutex_) = first_look;  // When that many were.
  std::uint64_t count_from_ CACHEKIT_GUARDED_BY(mutex_) = 0;         // Before that it only learns.
  std::optional<Time> paused_at_ CACHEKIT_GUARDED_BY(mutex_){};      // When the pause was noticed.
  std::array<double, buckets> distances_ CACHEKIT_GUARDED_BY(mutex_){};
  double counted_ CACHEKIT_GUARDED_BY(mutex_) = 0;  // Look-ups, those of new keys among them.
  mutable double expected_ CACHEKIT_GUARDED_BY(mutex_) =
      0;  // How many there should have been, by the share of the sample.
  mutable std::uint64_t look_ups_ CACHEKIT_GUARDED_BY(mutex_) = 0;  // When that was worked out.
};

}  // namespace cachekit::memory
