// The public calls of every backend: arguments are checked, budgets set and outcomes counted here,
// once; a backend's own code (the do_ functions) sees only what is sound.

#include "core/backend_counting.hpp"
#include "core/guarded.hpp"
#include "core/latency_sampling.hpp"

#include <cachekit/backend.hpp>

#include <algorithm>
#include <thread>

#include <fmt/format.h>

namespace cachekit {
namespace {

using Event = CacheMetrics::Event;

// Servers hold what others have set, for longer than a `Ttl` may be, and what ends within the
// moment. What is told can be set again.
std::optional<Ttl> as_settable(const std::optional<Ttl>& left) {
  if (!left || !left->expires()) return left;
  return Ttl(std::clamp(left->duration(), std::chrono::milliseconds(1), Ttl::max));
}

// For how many calls this one's latency stands. The first of all is timed, so that few calls are
// seen, too.
unsigned weight(const CacheMetrics& metrics, bool instant) noexcept {
  if (!instant) return 1;
  if (core::LatencySampling::next_is_timed()) return core::LatencySampling::one_in;
  return metrics.latency().empty() ? 1 : 0;
}

class Stopwatch {
 public:
  Stopwatch(CacheMetrics& metrics, bool instant) noexcept
      : metrics_(metrics), times_(weight(metrics, instant)) {
    if (times_ > 0) start_ = Deadline::clock::now();
  }
  ~Stopwatch() {
    if (times_ > 0) metrics_.record_latency(Deadline::clock::now() - start_, times_);
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

  /// Requires: the calls are not instant.
  [[nodiscard]] Deadline::clock::time_point start() const noexcept { return start_; }

 private:
  CacheMetrics& metrics_;
  unsigned times_;
  Deadline::clock::time_point start_{};
};

template <typename T>
Result<T> counted(CacheMetrics& metrics, Result<T> outcome) noexcept {
  ErrorCount{}(metrics, outcome);
  return outcome;
}

// Runs a batch over the elements that pass `check` and puts each outcome back in its place.
template <typename Outcome, typename Element, typename Check, typename Run>
std::vector<Outcome> run_checked(std::span<const Element> elements, const Check& check,
                                 const Run& run) {
  std::vector<Outcome> refusals;
  std::vector<std::size_t> refused;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (Result<void> sound = check(elements[i]); !sound) {
      refused.push_back(i);
      refusals.push_back(fail(std::move(sound).error()));
    }
  }
  if (elements.empty() || refused.size() == elements.size()) return refusals;
  if (refused.empty()) return run(elements);

  std::vector<Element> sound;
  sound.reserve(elements.size() - refused.size());
  for (std::size_t i = 0, next = 0; i < elements.size(); ++i) {
    if (next < refused.size() && refused[next] == i) {
      ++next;
    } else {
      sound.push_back(elements[i]);
    }
  }
  std::vector<Outcome> outcomes = run(std::span<const Element>(sound));
  for (std::size_t i = 0; i < refused.size(); ++i) {  // Ascending, so every position is final.
    outcomes.insert(outcomes.begin() + static_cast<std::ptrdiff_t>(refused[i]),
                    std::move(refusals[i]));
  }
  return outcomes;
}

Result<void> check_timeout(std::chrono::milliseconds timeout) {
  if (timeout > std::chrono::milliseconds::zero()) return {};
  return fail(Errc::invalid_argument, "a timeout must be more than zero", {},
              "to wait without limit, say cachekit::forever");
}

}  // namespace

Result<Deadline> CacheBackend::budget(const std::optional<std::chrono::milliseconds>& timeout,
                                      Deadline::clock::time_point start) const {
  const std::chrono::milliseconds span = timeout ? *timeout : default_timeout();
  if (span <= span.zero()) return fail(check_timeout(span).error());
  return Deadline::after(instant() ? forever : span, start);
}

// A call for one key, timed; `run` gets its deadline. `in_doubt`: the code of one that ran out of
// memory while it was on its way.
template <typename T, typename Run>
Result<T> CacheBackend::timed(std::string_view key, const CallOptions& options, Errc in_doubt,
                              const Run& run) {
  const Stopwatch stopwatch(metrics_, instant());
  Result<Deadline> deadline = guarded(Errc::overloaded, [&]() -> Result<Deadline> {
    Result<Deadline> end = budget(options.timeout, stopwatch.start());
    if (!end) return end;
    if (Result<void> sound = check_key(key); !sound) return fail(std::move(sound).error());
    return end;
  });
  if (!deadline) return fail(std::move(deadline).error());
  return guarded(in_doubt, [&]() -> Result<T> { return run(*deadline); });
}

Result<void> CacheBackend::connect() {
  return counted(metrics_, guarded(Errc::overloaded, [&] { return do_connect(); }));
}

Result<void> CacheBackend::flush() {
  return guarded(Errc::outcome_unknown, [&] { return do_flush(); });
}

Result<std::optional<std::string>> CacheBackend::get(std::string_view key,
                                                     const CallOptions& options) {
  auto outcome = timed<std::optional<std::string>>(
      key, options, Errc::overloaded, [&](Deadline deadline) { return do_get(key, deadline); });
  LookupCount{}(metrics_, outcome);
  return outcome;
}

Result<bool> CacheBackend::set(std::string_view key, std::string_view value,
                               const SetOptions& options) {
  const auto run = [&](Deadline deadline) -> Result<bool> {
    if (Result<void> sound = validate(options.ttl); !sound) return fail(std::move(sound).error());
    Result<bool> stored = do_set({key, value, options.ttl}, options.condition, deadline);
    if (!stored && stored.error().code == Errc::too_large &&
        options.condition != SetCondition::if_absent) {
      if (auto removed = do_remove(key, deadline); !removed) {
        stored.error().message += fmt::format("; the older value could not be removed either ({})",
                                              removed.error().describe());
      }
    }
    return stored;
  };
  auto outcome = timed<bool>(key, {.timeout = options.timeout}, Errc::outcome_unknown, run);
  ChangeCount<Event::set>{}(metrics_, outcome);
  return outcome;
}

Result<bool> CacheBackend::remove(std::string_view key, const CallOptions& options) {
  auto outcome = timed<bool>(key, options, Errc::outcome_unknown,
                             [&](Deadline deadline) { return do_remove(key, deadline); });
  ChangeCount<Event::remove>{}(metrics_, outcome);
  return outcome;
}

Result<bool> CacheBackend::exists(std::string_view key, const CallOptions& options) {
  auto outcome = timed<bool>(key, options, Errc::overloaded,
                             [&](Deadline deadline) { return do_exists(key, deadline); });
  LookupCount{}(metrics_, outcome);
  return outcome;
}

Result<std::optional<Ttl>> CacheBackend::ttl(std::string_view key, const CallOptions& options) {
  return counted(metrics_, guarded(Errc::overloaded, [&] {
                   return budget(options.timeout).and_then([&](Deadline deadline) {
                     return check_key(key)
                         .and_then([&] { return do_ttl(key, deadline); })
                         .map([](const std::optional<Ttl>& left) { return as_settable(left); });
                   });
                 }));
}

Result<bool> CacheBackend::touch(std::string_view key, Ttl ttl, const CallOptions& options) {
  return counted(metrics_, guarded(Errc::outcome_unknown, [&] {
                   return budget(options.timeout).and_then([&](Deadline deadline) {
                     return check_key(key).and_then([&] { return validate(ttl); }).and_then([&] {
                       return do_touch(key, ttl, deadline);
                     });
                   });
                 }));
}

Result<std::int64_t> CacheBackend::increment(std::string_view key, std::int64_t by,
                                             const CallOptions& options) {
  auto outcome = timed<std::int64_t>(key, options, Errc::outcome_unknown, [&](Deadline deadline) {
    return do_increment(key, by, deadline);
  });
  IncrementCount{}(metrics_, outcome);
  return outcome;
}

std::vector<Result<std::optional<std::string>>> CacheBackend::get_many(
    std::span<const std::string_view> keys, const CallOptions& options) {
  using Outcome = Result<std::optional<std::string>>;
  const Stopwatch stopwatch(metrics_, instant());
  const Result<Deadline> deadline =
      guarded(Errc::overloaded, [&] { return budget(options.timeout, stopwatch.start()); });
  auto outcomes = guarded_batch(Errc::overloaded, keys.size(), [&] {
    if (!deadline) return all_failed<Outcome>(keys.size(), deadline.error());
    return run_checked<Outcome>(
        keys, [&](std::string_view key) { return check_key(key); },
        [&](std::span<const std::string_view> sound) { return do_get_many(sound, *deadline); });
  });
  for (const Outcome& outcome : outcomes) LookupCount{}(metrics_, outcome);
  return outcomes;
}

std::vector<Result<bool>> CacheBackend::set_many(std::span<const SetItem> items,
                                                 const SetManyOptions& options) {
  const Stopwatch stopwatch(metrics_, instant());
  const Result<Deadline> deadline =
      guarded(Errc::overloaded, [&] { return budget(options.timeout, stopwatch.start()); });
  const auto sound = [&](const SetItem& item) {
    return check_key(item.key).and_then([&] { return validate(item.ttl); });
  };
  auto outcomes = guarded_batch(Errc::outcome_unknown, items.size(), [&] {
    if (!deadline) return all_failed<Result<bool>>(items.size(), deadline.error());
    return run_checked<Result<bool>>(items, sound, [&](std::span<const SetItem> checked) {
      return do_set_many(checked, options.condition, *deadline);
    });
  });
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i] && outcomes[i].error().code == Errc::too_large && deadline &&
        options.condition != SetCondition::if_absent) {
      static_cast<void>(guarded(Errc::outcome_unknown, [&] {
        return check_key(items[i].key).and_then([&] { return do_remove(items[i].key, *deadline); });
      }));
    }
    ChangeCount<Event::set>{}(metrics_, outcomes[i]);
  }
  return outcomes;
}

std::vector<Result<bool>> CacheBackend::remove_many(std::span<const std::string_view> keys,
                                                    const CallOptions& options) {
  const Stopwatch stopwatch(metrics_, instant());
  const Result<Deadline> deadline =
      guarded(Errc::overloaded, [&] { return budget(options.timeout, stopwatch.start()); });
  auto outcomes = guarded_batch(Errc::outcome_unknown, keys.size(), [&] {
    if (!deadline) return all_failed<Result<bool>>(keys.size(), deadline.error());
    return run_checked<Result<bool>>(
        keys, [&](std::string_view key) { return check_key(key); },
        [&](std::span<const std::string_view> sound) { return do_remove_many(sound, *deadline); });
  });
  for (const Result<bool>& outcome : outcomes) ChangeCount<Event::remove>{}(metrics_, outcome);
  return outcomes;
}

Result<void> CacheBackend::scan(const ScanOptions& options, const KeyVisitor& visit) {
  const std::chrono::milliseconds page_timeout = options.timeout.value_or(default_timeout());
  return counted(metrics_, guarded(Errc::overloaded, [&] {
                   return check_timeout(page_timeout).and_then([&] {
                     return do_scan(options, page_timeout, visit);
                   });
                 }));
}

Result<std::uint64_t> CacheBackend::remove_matching(std::string_view pattern,
                                                    const RemoveMatchingOptions& options) {
  return guarded(Errc::outcome_unknown, [&] { return remove_pages(pattern, options); });
}

Result<std::uint64_t> CacheBackend::remove_pages(std::string_view pattern,
                                                 const RemoveMatchingOptions& options) {
  std::uint64_t matched = 0;
  std::vector<std::string> page;
  std::optional<Error> failure;
  auto next_page_at = Deadline::clock::now();

  // Keeps to the rate by giving each page the time that its keys are allowed.
  const auto remove_page = [&] {
    if (options.keys_per_second > 0) {
      std::this_thread::sleep_until(next_page_at);
      next_page_at =
          std::max(next_page_at, Deadline::clock::now()) +
          std::chrono::duration_cast<Deadline::clock::duration>(std::chrono::duration<double>(
              static_cast<double>(page.size()) / options.keys_per_second));
    }
    const std::vector<std::string_view> keys(page.begin(), page.end());
    for (const Result<bool>& outcome : remove_many(keys, {.timeout = options.timeout})) {
      if (!outcome) failure = outcome.error();
      if (outcome && *outcome) ++matched;
    }
    page.clear();
    return !failure;
  };

  const auto visit = [&](std::string_view key) {
    if (options.dry_run) {
      ++matched;
      return true;
    }
    page.emplace_back(key);
    return page.size() < options.page_size || remove_page();
  };
  auto scanned = scan(
      {.pattern = std::string(pattern), .page_size = options.page_size, .timeout = options.timeout},
      visit);
  if (!failure && scanned && !page.empty()) remove_page();
  if (!scanned) failure = scanned.error();
  if (failure) {
    failure->message += fmt::format(" ({} keys were removed before that)", matched);
    return fail(*std::move(failure));
  }
  return matched;
}

Result<void> CacheBackend::clear(const CallOptions& options) {
  return counted(metrics_, guarded(Errc::outcome_unknown, [&] {
                   return budget(options.timeout).and_then([&](Deadline deadline) {
                     return do_clear(deadline);
                   });
                 }));
}

std::vector<ConnectionStats> CacheBackend::connections() {
  return or_nothing([&] { return do_connections(); });
}

PingReport CacheBackend::ping(const CallOptions& options) {
  try {
    const Result<Deadline> deadline = budget(options.timeout);
    if (!deadline) return {.nodes = {{.endpoint = target(), .error = deadline.error()}}};
    return do_ping(*deadline);
  } catch (const std::bad_alloc&) {
    return or_nothing([] { return PingReport{.nodes = {{.error = out_of_memory()}}}; });
  }
}

StatsReport CacheBackend::stats(const CallOptions& options) {
  try {
    const Result<Deadline> deadline = budget(options.timeout);
    if (!deadline) return {.nodes = {{.endpoint = target(), .error = deadline.error()}}};
    return do_stats(*deadline);
  } catch (const std::bad_alloc&) {
    return or_nothing([] { return StatsReport{.nodes = {{.error = out_of_memory()}}}; });
  }
}

}  // namespace cachekit
