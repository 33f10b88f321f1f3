#include <cachekit/histogram.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

namespace cachekit {
namespace {

constexpr std::uint64_t sub_count = 1ULL << Histogram::sub_bits;

// Values below 2 * sub_count have a bucket each; above, every power of two is cut into sub_count.
std::size_t bucket_of(std::uint64_t value) noexcept {
  if (value < sub_count) return static_cast<std::size_t>(value);
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - Histogram::sub_bits;
  const std::size_t bucket = (static_cast<std::size_t>(shift) << Histogram::sub_bits) +
                             static_cast<std::size_t>(value >> shift);
  return std::min(bucket, Histogram::bucket_count - 1);
}

// The largest value that falls into a bucket.
std::uint64_t upper_bound_of(std::size_t bucket) noexcept {
  if (bucket < sub_count) return bucket;
  const auto shift = static_cast<unsigned>(bucket >> Histogram::sub_bits) - 1;
  const std::uint64_t step = (bucket & (sub_count - 1)) + sub_count;
  return ((step + 1) << shift) - 1;
}

void lower_to(std::atomic<std::uint64_t>& target, std::uint64_t value) noexcept {
  std::uint64_t seen = target.load(std::memory_order_relaxed);
  while (value < seen && !target.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

void raise_to(std::atomic<std::uint64_t>& target, std::uint64_t value) noexcept {
  std::uint64_t seen = target.load(std::memory_order_relaxed);
  while (value > seen && !target.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

}  // namespace

void Histogram::record(std::chrono::nanoseconds latency, std::uint64_t times) noexcept {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  buckets_[bucket_of(value)].fetch_add(times, std::memory_order_relaxed);
  sum_.fetch_add(value * times, std::memory_order_relaxed);
  lower_to(min_, value);
  raise_to(max_, value);
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < bucket_count; ++i) {
    if (const auto n = other.buckets_[i].load(std::memory_order_relaxed); n > 0) {
      buckets_[i].fetch_add(n, std::memory_order_relaxed);
    }
  }
  sum_.fetch_add(other.sum_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  lower_to(min_, other.min_.load(std::memory_order_relaxed));
  raise_to(max_, other.max_.load(std::memory_order_relaxed));
}

std::uint64_t Histogram::count() const noexcept {
  std::uint64_t total = 0;
  for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
  return total;
}

std::chrono::nanoseconds Histogram::sum() const noexcept {
  return std::chrono::nanoseconds(sum_.load(std::memory_order_relaxed));
}

std::chrono::nanoseconds Histogram::min() const noexcept {
  const std::uint64_t value = min_.load(std::memory_order_relaxed);
  return std::chrono::nanoseconds(value == UINT64_MAX ? 0 : value);
}

std::chrono::nanoseconds Histogram::max() const noexcept {
  return std::chrono::nanoseconds(max_.load(std::memory_order_relaxed));
}

std::chrono::nanoseconds Histogram::mean() const noexcept {
  const std::uint64_t n = count();
  return n == 0 ? std::chrono::nanoseconds(0) : sum() / static_cast<std::int64_t>(n);
}

std::chrono::nanoseconds Histogram::at(double quantile) const noexcept {
  const std::uint64_t total = count();
  if (total == 0) return std::chrono::nanoseconds(0);
  const double rank = std::ceil(std::clamp(quantile, 0.0, 1.0) * static_cast<double>(total));
  const auto wanted = std::max<std::uint64_t>(static_cast<std::uint64_t>(rank), 1);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    seen += buckets_[i].load(std::memory_order_relaxed);
    if (seen >= wanted) {
      return std::clamp(std::chrono::nanoseconds(upper_bound_of(i)), min(), max());
    }
  }
  return max();
}

std::uint64_t Histogram::count_up_to(std::chrono::nanoseconds bound) const noexcept {
  const std::size_t last =
      bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(bound.count(), 0)));
  std::uint64_t total = 0;
  for (std::size_t i = 0; i <= last; ++i) total += buckets_[i].load(std::memory_order_relaxed);
  return total;
}

}  // namespace cachekit
