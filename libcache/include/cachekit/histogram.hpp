#pragma once

#include <cachekit/export.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace cachekit {

/// A latency histogram with a bounded relative error (1/32, about 3 %), from 1 ns to over an hour.
///
/// The buckets are logarithmic with 32 linear steps per power of two, the layout that HdrHistogram
/// made known. Threads: `record` and `merge` are lock-free; readers see a consistent enough
/// picture for monitoring while others record.
class CACHEKIT_API Histogram {
 public:
  static constexpr unsigned sub_bits = 5;
  static constexpr std::size_t bucket_count = (42 - sub_bits + 1) << sub_bits;

  /// `times` observations of the same latency.
  void record(std::chrono::nanoseconds latency, std::uint64_t times = 1) noexcept;
  void merge(const Histogram& other) noexcept;

  [[nodiscard]] bool empty() const noexcept {
    return min_.load(std::memory_order_relaxed) == UINT64_MAX;
  }
  [[nodiscard]] std::uint64_t count() const noexcept;
  [[nodiscard]] std::chrono::nanoseconds sum() const noexcept;
  /// 0 when nothing was recorded.
  [[nodiscard]] std::chrono::nanoseconds min() const noexcept;
  [[nodiscard]] std::chrono::nanoseconds max() const noexcept;
  [[nodiscard]] std::chrono::nanoseconds mean() const noexcept;
  /// The latency that `quantile` (0 to 1) of all recorded ones do not exceed; 0 when empty.
  [[nodiscard]] std::chrono::nanoseconds at(double quantile) const noexcept;
  /// How many were at most `bound`, to the precision of a bucket.
  [[nodiscard]] std::uint64_t count_up_to(std::chrono::nanoseconds bound) const noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, bucket_count> buckets_{};
  std::atomic<std::uint64_t> sum_{0};
  std::atomic<std::uint64_t> min_{UINT64_MAX};
  std::atomic<std::uint64_t> max_{0};
};

}  // namespace cachekit
