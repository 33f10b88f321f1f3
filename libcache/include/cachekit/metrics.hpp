#pragma once

#include <cachekit/export.hpp>
#include <cachekit/histogram.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit {

/// The counters at one moment. hits + misses = lookups that were answered; a look-up that failed
/// counts as an error only, and a loader's result counts as neither.
struct MetricsSnapshot {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t errors = 0;
  std::uint64_t sets = 0;           ///< Values stored.
  std::uint64_t removes = 0;        ///< Entries removed.
  std::uint64_t loads = 0;          ///< Calls of a source's loader (expander only).
  std::uint64_t load_failures = 0;  ///< Of these, the ones that failed (expander only).
  std::uint64_t repairs = 0;        ///< Unreadable entries that were replaced (expander only).
  std::uint64_t waits = 0;          ///< Callers who got another one's load (expander only).
  std::uint64_t stale = 0;          ///< Answers past their TTL (expander only).
  std::uint64_t negative_hits = 0;  ///< Hits that say "there is none" (expander only).
  std::uint64_t fenced = 0;         ///< Loads not stored: invalidated meanwhile (expander only).

  /// hits / (hits + misses); empty when nothing was asked.
  [[nodiscard]] std::optional<double> hit_ratio() const noexcept {
    const auto lookups = static_cast<double>(hits) + static_cast<double>(misses);
    if (lookups == 0) return std::nullopt;
    return static_cast<double>(hits) / lookups;
  }
  /// The same, 0 when nothing was asked.
  [[nodiscard]] double hit_rate() const noexcept { return hit_ratio().value_or(0.0); }
};

/// Counts what an application's caching does, for dashboards and alerts.
///
/// Threads: all members may be called from any thread; counting is lock-free and striped, so that
/// threads do not share a cache line. Cost: of the first eight threads, a load and a store per
/// event; else an atomic addition.
class CACHEKIT_API CacheMetrics {
 public:
  enum class Event : std::uint8_t {
    hit,
    miss,
    error,
    set,
    remove,
    load,
    load_failure,
    repair,
    wait,
    stale,
    negative_hit,
    fenced,
  };

  CacheMetrics();
  ~CacheMetrics();
  CacheMetrics(const CacheMetrics&) = delete;
  CacheMetrics& operator=(const CacheMetrics&) = delete;

  void count(Event event, std::uint64_t times = 1) noexcept;
  /// One that stands for so many.
  void record_latency(std::chrono::nanoseconds latency, std::uint64_t times = 1) noexcept;

  /// Of a loader that has answered or failed (expander only).
  void record_load(std::chrono::nanoseconds took) noexcept;

  [[nodiscard]] MetricsSnapshot snapshot() const noexcept;
  /// hits / (hits + misses), 0 when nothing was asked.
  [[nodiscard]] double hit_rate() const noexcept { return snapshot().hit_rate(); }
  [[nodiscard]] const Histogram& latency() const noexcept { return latency_; }
  /// How long loaders took (expander only).
  [[nodiscard]] const Histogram& load_latency() const noexcept { return load_latency_; }

  /// A page of the Prometheus text format with these figures alone: see `PrometheusPage::add` in
  /// prometheus.hpp, which also merges them with other sources. Two pages make no third.
  [[nodiscard]] std::string prometheus(std::string_view backend) const;

 private:
  static constexpr std::size_t event_count = 12;
  using Counts = std::array<std::atomic<std::uint64_t>, event_count>;
  struct alignas(64) Stripe {
    Counts of_owner{};  // Changed by one thread only; see core::ThreadSlot.
    Counts of_others{};
  };

  std::unique_ptr<Stripe[]> stripes_;
  Histogram latency_;
  Histogram load_latency_;
};

}  // namespace cachekit
