#pragma once

#include "core/mutex.hpp"
#include "core/thread_slot.hpp"
#include "memory/adaptive_policy.hpp"
#include "memory/shadow_cache.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace cachekit::memory {

/// Finds out which admission hits more, by trying both on a sample of the keys.
///
/// Two shadow caches of at most about 500 entries, one for each admission, are as small against the
/// cache as the sample is against all keys, and so hit about as often as the cache would
/// ("miniature simulations", Waldspurger, Saemundsson, Ahmad and Park, USENIX ATC 2017). Of
/// accesses that only one of them hits, it counts who hit more; old counts fade. The admission
/// changes when the difference is more than chance would make it, and back when it is gone.
///
/// Callers leave the hashes of sampled keys in buffers; whoever fills one has the shadows play it,
/// unless another thread is at it: then these accesses are lost, which a sample can bear.
///
/// Threads: all members may be called from any thread at once. Cost: of a key that is not in the
/// sample, one comparison; of one that is, about 100 ns. Where there is no memory to learn with,
/// all stays as it is.
class AdmissionTuner {
 public:
  AdmissionTuner();

  [[nodiscard]] const std::atomic<Admission>& admission() const noexcept { return admission_; }

  /// A look-up of a key.
  void note(std::uint64_t hash) noexcept {
    const auto mixed = static_cast<std::uint32_t>((hash * 0x9E3779B97F4A7C15U) >> 32U);
    if ((mixed & mask_.load(std::memory_order_relaxed)) == 0)
      keep(static_cast<std::uint32_t>(hash));
  }
  /// Says how many entries the cache holds now that it is full. Cost: little while that changes
  /// little.
  void fit(std::uint64_t entries) noexcept;

  /// For `AtFork`.
  void lock_for_fork() CACHEKIT_ACQUIRE(mutex_) { mutex_.lock(); }
  void unlock_after_fork() noexcept CACHEKIT_RELEASE(mutex_) { mutex_.unlock(); }

 private:
  static constexpr std::uint32_t nothing = UINT32_MAX;  // A mask that only a hash of 0 passes.
  static constexpr std::size_t buffer_size = 64;

  struct alignas(64) Buffer {
    std::atomic<std::uint32_t> count{0};
    std::array<std::atomic<std::uint32_t>, buffer_size> hashes{};
  };
  struct Shadows {
    explicit Shadows(std::size_t capacity);
    std::atomic<Admission> filter{Admission::filter};
    std::atomic<Admission> all{Admission::all};
    ShadowCache filtering;
    ShadowCache unfiltered;
    double fading;       // What is left of the counts after one access.
    double lead = 0;     // By how many hits the unfiltered one is ahead.
    double decided = 0;  // How many accesses only one of them hit.
  };

  void fit_shadows(std::uint64_t entries) CACHEKIT_REQUIRES(mutex_);
  void keep(std::uint32_t hash) noexcept;
  void play(Buffer& buffer);
  void judge() CACHEKIT_REQUIRES(mutex_);

  std::atomic<std::uint32_t> mask_{nothing};
  std::atomic<Admission> admission_{Admission::filter};
  std::array<Buffer, core::ThreadSlot::count> buffers_{};
  core::Mutex mutex_;
  std::optional<Shadows> shadows_ CACHEKIT_GUARDED_BY(mutex_);
};

}  // namespace cachekit::memory
