#include "core/thread_slot.hpp"

#include <cachekit/metrics.hpp>

#include <iterator>

#include <fmt/format.h>

namespace cachekit {
namespace {

constexpr std::array latency_bounds_seconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                            0.025,  0.05,    0.1,    0.25,  0.5,    1.0,   2.5};

}  // namespace

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
          .deletes = total(Event::remove),
          .loads = total(Event::load),
          .load_failures = total(Event::load_failure),
          .repairs = total(Event::repair)};
}

std::string CacheMetrics::prometheus(std::string_view backend) const {
  const MetricsSnapshot now = snapshot();
  std::string out;
  const auto to = std::back_inserter(out);
  const auto metric = [&](std::string_view name, std::string_view type, std::string_view help,
                          auto value) {
    fmt::format_to(to, "# HELP cachekit_{0} {1}\n# TYPE cachekit_{0} {2}\n", name, help, type);
    fmt::format_to(to, "cachekit_{}{{backend=\"{}\"}} {}\n", name, backend, value);
  };
  metric("hits_total", "counter", "Look-ups that found a value.", now.hits);
  metric("misses_total", "counter", "Look-ups that found none.", now.misses);
  metric("errors_total", "counter", "Operations that failed.", now.errors);
  metric("sets_total", "counter", "Values stored.", now.sets);
  metric("deletes_total", "counter", "Entries removed.", now.deletes);
  metric("loads_total", "counter", "Calls of a source's loader.", now.loads);
  metric("load_failures_total", "counter", "Loader calls that failed.", now.load_failures);
  metric("repairs_total", "counter", "Unreadable entries that were replaced.", now.repairs);
  metric("hit_ratio", "gauge", "Hits per answered look-up; 0 when nothing was asked.",
         now.hit_rate());

  constexpr std::string_view name = "cachekit_operation_duration_seconds";
  fmt::format_to(to, "# HELP {0} How long an operation took.\n# TYPE {0} histogram\n", name);
  for (const double bound : latency_bounds_seconds) {
    const std::chrono::nanoseconds ns(static_cast<std::int64_t>(bound * 1e9));
    fmt::format_to(to, "{}_bucket{{backend=\"{}\",le=\"{}\"}} {}\n", name, backend, bound,
                   latency_.count_up_to(ns));
  }
  const std::uint64_t count = latency_.count();
  fmt::format_to(to, "{}_bucket{{backend=\"{}\",le=\"+Inf\"}} {}\n", name, backend, count);
  fmt::format_to(to, "{}_sum{{backend=\"{}\"}} {}\n", name, backend,
                 std::chrono::duration<double>(latency_.sum()).count());
  fmt::format_to(to, "{}_count{{backend=\"{}\"}} {}\n", name, backend, count);
  return out;
}

}  // namespace cachekit
