#include "core/thread_slot.hpp"

#include <cachekit/metrics.hpp>

namespace cachekit {
CacheMetrics::CacheMetrics() : stripes_(std::make_unique<Stripe[]>(core::ThreadSlot::count)) {}
CacheMetrics::~CacheMetrics() = default;

void CacheMetrics::count(Event event, std::uint64_t times) noexcept {
  const core::ThreadSlot slot = core::ThreadSlot::mine();
  Stripe& stripe = stripes_[slot.number()];
  const auto number = static_cast<std::size_t>(event);
  if (slot.owned()) {
    std::atomic<std::uint64_t>& counter = stripe.of_owner[number];
    counter.store(counter.load(std::memory_order_relaxed) + times, std::memory_order_relaxed);
  } else {
    stripe.of_others[number].fetch_add(times, std::memory_order_relaxed);
  }
}

void CacheMetrics::record_latency(std::chrono::nanoseconds latency, std::uint64_t times) noexcept {
  latency_.record(latency, times);
}

void CacheMetrics::record_load(std::chrono::nanoseconds took) noexcept {
  load_latency_.record(took);
}

MetricsSnapshot CacheMetrics::snapshot() const noexcept {
  const auto total = [this](Event event) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < core::ThreadSlot::count; ++i) {
      const auto number = static_cast<std::size_t>(event);
      sum += stripes_[i].of_owner[number].load(std::memory_order_relaxed) +
             stripes_[i].of_others[number].load(std::memory_order_relaxed);
    }
    return sum;
  };
  return {.hits = total(Event::hit),
          .misses = total(Event::miss),
          .errors = total(Event::error),
          .sets = total(Event::set),
          .removes = total(Event::remove),
          .loads = total(Event::load),
          .load_failures = total(Event::load_failure),
          .repairs = total(Event::repair),
          .waits = total(Event::wait),
          .stale = total(Event::stale),
          .negative_hits = total(Event::negative_hit),
          .fenced = total(Event::fenced)};
}

}  // namespace cachekit
