// The asynchronous calls of every backend: checked and budgeted before they start, counted when
// they are done. See backend.cpp for the blocking ones.

#include "core/backend_counting.hpp"
#include "core/out_of_memory.hpp"

#include <cachekit/backend.hpp>

#include <new>
#include <utility>

namespace cachekit {

using Event = CacheMetrics::Event;

template <typename T, typename Count, typename Check, typename Start>
Pending<T> CacheBackend::start(const std::optional<std::chrono::milliseconds>& timeout,
                               std::stop_token stop, Count count, const Check& check,
                               const Start& begin) {
  const auto started = Deadline::clock::now();
  auto report = [this, started, count](const Result<T>& result) {
    metrics_.record_latency(Deadline::clock::now() - started);
    count(metrics_, result);
  };
  Result<T> refused = fail(out_of_memory());
  try {
    const Result<Deadline> deadline = budget(timeout, started);
    Result<void> sound = deadline ? check() : Result<void>(fail(deadline.error()));
    if (sound) return begin(AsyncCall<T>{*deadline, std::move(stop), report});
    refused = fail(std::move(sound).error());
  } catch (const std::bad_alloc&) {  // Nothing is under way yet.
  }
  try {
    report(refused);
    return ready_pending(std::move(refused));
  } catch (const std::bad_alloc&) {
    return Pending<T>::out_of_memory();
  }
}

Pending<std::optional<std::string>> CacheBackend::async_get(std::string_view key,
                                                            const CallOptions& options,
                                                            std::stop_token stop) {
  using Value = std::optional<std::string>;
  return start<Value>(
      options.timeout, std::move(stop), LookupCount{}, [&] { return check_key(key); },
      [&](AsyncCall<Value> call) { return do_async_get(key, std::move(call)); });
}

Pending<bool> CacheBackend::async_set(std::string_view key, std::string_view value,
                                      const SetOptions& options, std::stop_token stop) {
  return start<bool>(
      options.timeout, std::move(stop), ChangeCount<Event::set>{},
      [&] { return check_key(key).and_then([&] { return validate(options.ttl); }); },
      [&](AsyncCall<bool> call) {
        return do_async_set({key, value, options.ttl}, options.condition, std::move(call));
      });
}

Pending<bool> CacheBackend::async_remove(std::string_view key, const CallOptions& options,
                                         std::stop_token stop) {
  return start<bool>(
      options.timeout, std::move(stop), ChangeCount<Event::remove>{},
      [&] { return check_key(key); },
      [&](AsyncCall<bool> call) { return do_async_remove(key, std::move(call)); });
}

Pending<bool> CacheBackend::async_exists(std::string_view key, const CallOptions& options,
                                         std::stop_token stop) {
  return start<bool>(
      options.timeout, std::move(stop), LookupCount{}, [&] { return check_key(key); },
      [&](AsyncCall<bool> call) { return do_async_exists(key, std::move(call)); });
}

Pending<bool> CacheBackend::async_touch(std::string_view key, Ttl ttl, const CallOptions& options,
                                        std::stop_token stop) {
  return start<bool>(
      options.timeout, std::move(stop), ErrorCount{},
      [&] { return check_key(key).and_then([&] { return validate(ttl); }); },
      [&](AsyncCall<bool> call) { return do_async_touch(key, ttl, std::move(call)); });
}

Pending<std::int64_t> CacheBackend::async_increment(std::string_view key, std::int64_t by,
                                                    const CallOptions& options,
                                                    std::stop_token stop) {
  return start<std::int64_t>(
      options.timeout, std::move(stop), IncrementCount{}, [&] { return check_key(key); },
      [&](AsyncCall<std::int64_t> call) { return do_async_increment(key, by, std::move(call)); });
}

Pending<std::optional<std::string>> CacheBackend::do_async_get(
    std::string_view key, AsyncCall<std::optional<std::string>> call) {
  auto outcome = do_get(key, call.deadline);
  return std::move(call).done(std::move(outcome));
}

Pending<bool> CacheBackend::do_async_set(const SetItem& item, SetCondition condition,
                                         AsyncCall<bool> call) {
  Result<bool> stored = do_set(item, condition, call.deadline);
  const bool too_large = !stored && stored.error().code == Errc::too_large;
  if (too_large && condition != SetCondition::if_absent) {
    static_cast<void>(do_remove(item.key, call.deadline));
  }
  return std::move(call).done(std::move(stored));
}

Pending<bool> CacheBackend::do_async_remove(std::string_view key, AsyncCall<bool> call) {
  auto outcome = do_remove(key, call.deadline);
  return std::move(call).done(std::move(outcome));
}

Pending<bool> CacheBackend::do_async_exists(std::string_view key, AsyncCall<bool> call) {
  auto outcome = do_exists(key, call.deadline);
  return std::move(call).done(std::move(outcome));
}

Pending<bool> CacheBackend::do_async_touch(std::string_view key, Ttl ttl, AsyncCall<bool> call) {
  auto outcome = do_touch(key, ttl, call.deadline);
  return std::move(call).done(std::move(outcome));
}

Pending<std::int64_t> CacheBackend::do_async_increment(std::string_view key, std::int64_t by,
                                                       AsyncCall<std::int64_t> call) {
  auto outcome = do_increment(key, by, call.deadline);
  return std::move(call).done(std::move(outcome));
}

}  // namespace cachekit
