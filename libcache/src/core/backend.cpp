// The public calls of every backend, each made of an operation. How one is run is in
// run_batch.cpp, for callers who do not wait in begin.cpp.

#include "core/guarded.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/runtime.hpp>

#include <algorithm>
#include <exception>

#include <fmt/format.h>

namespace cachekit {
namespace {

Result<void> check_timeout(std::chrono::milliseconds timeout) {
  if (timeout > std::chrono::milliseconds::zero()) return {};
  return fail(Errc::invalid_argument, "a timeout must be more than zero", {},
              "to wait without limit, say cachekit::forever");
}

// How long so many keys take at a rate.
Deadline::clock::duration time_of(std::size_t keys, double keys_per_second) {
  constexpr std::chrono::duration<double> longest = std::chrono::hours(24 * 365);
  const std::chrono::duration<double> exact(static_cast<double>(keys) / keys_per_second);
  return std::chrono::duration_cast<Deadline::clock::duration>(std::min(exact, longest));
}

// Until then, or until it is stopped.
void pause_until(Deadline::clock::time_point until, const std::stop_token& stop) {
  constexpr std::chrono::milliseconds look_every{50};
  Runtime& runtime = Runtime::current();
  if (!stop.stop_possible()) return runtime.sleep_until(until);
  while (!stop.stop_requested() && runtime.now() < until) {
    runtime.sleep_until(std::min(until, runtime.now() + look_every));
  }
}

operation::Get get_of(std::string_view key) { return {key}; }
operation::Remove remove_of(std::string_view key) { return {key}; }

auto set_with(SetCondition condition) {
  return [condition](const SetItem& item) {
    return operation::Set{item.key, item.value, item.ttl, condition};
  };
}

// Errors: throws `std::bad_alloc`.
template <typename Elements, typename Make>
auto made_of(const Elements& elements, const Make& make) {
  std::vector<decltype(make(elements[0]))> operations;
  operations.reserve(elements.size());
  for (const auto& element : elements) operations.push_back(make(element));
  return operations;
}

// Runs what is neither hit nor miss nor change; only its errors are counted.
template <typename Run>
auto counted(CacheMetrics& metrics, Errc in_doubt, const Run& run) {
  auto outcome = guarded(in_doubt, run);
  if (!outcome) metrics.count(CacheMetrics::Event::error);
  return outcome;
}

}  // namespace

CacheBackend::CacheBackend(std::unique_ptr<Driver> driver) : driver_(std::move(driver)) {
  driver_->metrics_ = &metrics_;
}

CacheBackend::~CacheBackend() = default;

Result<Deadline> CacheBackend::deadline_for(const Timeout& timeout,
                                            Deadline::clock::time_point start,
                                            bool never_blocks) const {
  const std::chrono::milliseconds span = timeout ? *timeout : driver_->default_timeout();
  if (span <= span.zero()) return fail(check_timeout(span).error());
  return Deadline::after(never_blocks ? forever : span, start);
}

// Makes an operation of each element, and runs them all. Where there is no memory to make them,
// none is run.
template <typename Elements, typename Make>
auto CacheBackend::run_made(const Elements& elements, const Make& make,
                            const CallOptions& options) {
  using Operation = decltype(make(elements[0]));
  try {
    return run_many<Operation>(made_of(elements, make), options);
  } catch (const std::exception&) {  // No memory, or more than there could be.
    metrics_.count(CacheMetrics::Event::error, elements.size());
    return std::vector<Result<typename Operation::Value>>(elements.size(), fail(out_of_memory()));
  }
}

template <typename Elements, typename Make>
auto CacheBackend::start_made(const Elements& elements, const Make& make,
                              const CallOptions& options) {
  using Operation = decltype(make(elements[0]));
  using Outcomes = std::vector<Result<typename Operation::Value>>;
  try {
    return start_many<Operation>(made_of(elements, make), options);
  } catch (const std::exception&) {  // No memory, or more than there could be.
    metrics_.count(CacheMetrics::Event::error, elements.size());
    return Pending<Outcomes>::out_of_memory();
  }
}

std::string CacheBackend::target() const {
  return or_nothing([&] { return driver_->target(); });
}

Result<void> CacheBackend::connect() {
  return counted(metrics_, Errc::overloaded, [&] { return driver_->connect(); });
}

Result<void> CacheBackend::flush() {
  return guarded(Errc::outcome_unknown, [&] { return driver_->flush(); });
}

Result<std::optional<std::string>> CacheBackend::get(std::string_view key,
                                                     const CallOptions& options) {
  return run(operation::Get{key}, options);
}

Result<bool> CacheBackend::set(std::string_view key, std::string_view value,
                               const SetOptions& options) {
  return run(operation::Set{key, value, options.ttl, options.condition},
             {options.timeout, options.stop});
}

Result<bool> CacheBackend::remove(std::string_view key, const CallOptions& options) {
  return run(operation::Remove{key}, options);
}

Result<bool> CacheBackend::exists(std::string_view key, const CallOptions& options) {
  return run(operation::Exists{key}, options);
}

Result<std::optional<Ttl>> CacheBackend::ttl(std::string_view key, const CallOptions& options) {
  return run(operation::RemainingTtl{key}, options);
}

Result<bool> CacheBackend::touch(std::string_view key, Ttl ttl, const CallOptions& options) {
  return run(operation::Touch{key, ttl}, options);
}

Result<std::int64_t> CacheBackend::increment(std::string_view key, std::int64_t by,
                                             const CallOptions& options) {
  return run(operation::Increment{key, by}, options);
}

std::vector<Result<std::optional<std::string>>> CacheBackend::get_many(
    std::span<const std::string_view> keys, const CallOptions& options) {
  return run_made(keys, get_of, options);
}

std::vector<Result<bool>> CacheBackend::set_many(std::span<const SetItem> items,
                                                 const SetManyOptions& options) {
  return run_made(items, set_with(options.condition), {options.timeout, options.stop});
}

std::vector<Result<bool>> CacheBackend::remove_many(std::span<const std::string_view> keys,
                                                    const CallOptions& options) {
  return run_made(keys, remove_of, options);
}

Result<void> CacheBackend::scan(const ScanOptions& options, const KeyVisitor& visit) {
  return guarded(Errc::overloaded, [&]() -> Result<void> {
    std::string cursor;
    do {
      Result<KeyPage> page = run(operation::ScanPage{options.pattern, options.page_size, cursor},
                                 {options.timeout, options.stop});
      if (!page) return fail(std::move(page).error());
      for (const std::string& key : page->keys) {
        if (!visit(key)) return {};
      }
      cursor = std::move(page->next);
    } while (!cursor.empty());
    return {};
  });
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
  // Of a slow rate no more at once than fits into a second.
  const std::size_t page_size =
      options.keys_per_second > 0
          ? static_cast<std::size_t>(std::min(std::max(options.keys_per_second, 1.0),
                                              static_cast<double>(options.page_size)))
          : options.page_size;
  auto next_page_at = Deadline::clock::now();

  // Keeps to the rate by giving each page first the time that its keys are allowed.
  const auto remove_page = [&] {
    if (options.keys_per_second > 0) {
      next_page_at = std::max(next_page_at, Deadline::clock::now()) +
                     time_of(page.size(), options.keys_per_second);
      pause_until(next_page_at, options.stop);
    }
    const std::vector<std::string_view> keys(page.begin(), page.end());
    for (const Result<bool>& outcome : remove_many(keys, {options.timeout, options.stop})) {
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
    return page.size() < page_size || remove_page();
  };
  auto scanned = scan({.pattern = std::string(pattern),
                       .page_size = options.page_size,
                       .timeout = options.timeout,
                       .stop = options.stop},
                      visit);
  if (!failure && scanned && !page.empty()) remove_page();
  if (!scanned) failure = scanned.error();
  if (failure) {
    if (!options.dry_run && matched > 0) {
      failure->message += fmt::format(" ({} keys were removed before that)", matched);
    }
    return fail(*std::move(failure));
  }
  return matched;
}

Result<void> CacheBackend::clear(const CallOptions& options) {
  return counted(metrics_, Errc::outcome_unknown, [&] {
    return deadline_for(options.timeout).and_then([&](Deadline deadline) {
      return driver_->clear(deadline);
    });
  });
}

Pending<std::optional<std::string>> CacheBackend::async_get(std::string_view key,
                                                            const CallOptions& options) {
  return start(operation::Get{key}, options);
}

Pending<bool> CacheBackend::async_set(std::string_view key, std::string_view value,
                                      const SetOptions& options) {
  return start(operation::Set{key, value, options.ttl, options.condition},
               {options.timeout, options.stop});
}

Pending<bool> CacheBackend::async_remove(std::string_view key, const CallOptions& options) {
  return start(operation::Remove{key}, options);
}

Pending<bool> CacheBackend::async_exists(std::string_view key, const CallOptions& options) {
  return start(operation::Exists{key}, options);
}

Pending<std::vector<Result<std::optional<std::string>>>> CacheBackend::async_get_many(
    std::span<const std::string_view> keys, const CallOptions& options) {
  return start_made(keys, get_of, options);
}

Pending<std::vector<Result<bool>>> CacheBackend::async_set_many(std::span<const SetItem> items,
                                                                const SetManyOptions& options) {
  return start_made(items, set_with(options.condition), {options.timeout, options.stop});
}

Pending<std::vector<Result<bool>>> CacheBackend::async_remove_many(
    std::span<const std::string_view> keys, const CallOptions& options) {
  return start_made(keys, remove_of, options);
}

Pending<std::optional<Ttl>> CacheBackend::async_ttl(std::string_view key,
                                                    const CallOptions& options) {
  return start(operation::RemainingTtl{key}, options);
}

Pending<bool> CacheBackend::async_touch(std::string_view key, Ttl ttl, const CallOptions& options) {
  return start(operation::Touch{key, ttl}, options);
}

Pending<std::int64_t> CacheBackend::async_increment(std::string_view key, std::int64_t by,
                                                    const CallOptions& options) {
  return start(operation::Increment{key, by}, options);
}

std::vector<ConnectionStats> CacheBackend::connections() {
  return or_nothing([&] { return driver_->connections(); });
}

PingReport CacheBackend::ping(const CallOptions& options) {
  try {
    const Result<Deadline> deadline = deadline_for(options.timeout);
    if (!deadline) return {.nodes = {{.endpoint = target(), .error = deadline.error()}}};
    return driver_->ping(*deadline);
  } catch (const std::exception&) {  // No memory, or more than there could be.
    return or_nothing([] { return PingReport{.nodes = {{.error = out_of_memory()}}}; });
  }
}

StatsReport CacheBackend::stats(const CallOptions& options) {
  try {
    const Result<Deadline> deadline = deadline_for(options.timeout);
    if (!deadline) return {.nodes = {{.endpoint = target(), .error = deadline.error()}}};
    return driver_->stats(*deadline);
  } catch (const std::exception&) {  // No memory, or more than there could be.
    return or_nothing([] { return StatsReport{.nodes = {{.error = out_of_memory()}}}; });
  }
}

}  // namespace cachekit
