// The order of the steps of each call; the steps themselves are in cache_access.cpp and
// loading.cpp.

#include "expander/cache_access.hpp"
#include "expander/loading.hpp"

#include <cachekit/expander.hpp>
#include <cachekit/runtime.hpp>

#include <fmt/format.h>

namespace cachekit {
namespace {

// Records how long one fetch took, whichever way it ends.
class FetchTimer {
 public:
  FetchTimer(CacheMetrics& metrics, const Runtime& runtime) noexcept
      : metrics_(metrics), runtime_(runtime), start_(runtime.now()) {}
  ~FetchTimer() { metrics_.record_latency(runtime_.now() - start_); }
  FetchTimer(const FetchTimer&) = delete;
  FetchTimer& operator=(const FetchTimer&) = delete;

 private:
  CacheMetrics& metrics_;
  const Runtime& runtime_;
  Runtime::steady_time start_;
};

bool unreadable(MissReason miss) noexcept {
  return miss == MissReason::undecodable || miss == MissReason::schema_changed;
}

FetchInfo ask_cache(CacheAccess& cache, Strategy strategy, const EntityKind& kind,
                    detail::FetchJob& job) {
  FetchInfo info;
  switch (strategy) {
    case Strategy::fresh:
    case Strategy::refresh:
      return cache.look_up(kind, job);
    case Strategy::bypass:
      info.miss = MissReason::bypassed;
      return info;
    case Strategy::invalidate:
      info.miss = MissReason::invalidated;
      if (Result<bool> dropped = cache.drop(); !dropped) info.cache_error = dropped.error();
      return info;
  }
  return info;
}

// Makes the cache agree with what the source said.
Result<void> write_back(CacheAccess& cache, const EntityKind& kind, const detail::FetchJob& job,
                        const Loaded& loaded, Ttl ttl, MissReason miss) {
  if (!loaded.present) return unreadable(miss) ? cache.drop().map([](bool) {}) : Result<void>();
  Result<std::string> payload = job.encode();
  // Nothing takes the place of an entry that cannot be read: it would be tried by every fetch.
  if (!payload && unreadable(miss)) static_cast<void>(cache.drop());
  return cache.store(kind, std::move(payload), ttl, loaded.cost);
}

}  // namespace

std::string_view to_string(Strategy strategy) noexcept {
  switch (strategy) {
    case Strategy::fresh:
      return "fresh";
    case Strategy::refresh:
      return "refresh";
    case Strategy::invalidate:
      return "invalidate";
    case Strategy::bypass:
      return "bypass";
  }
  return "unknown";
}

CacheExpander::CacheExpander(CacheBackend& backend, ExpanderOptions options)
    : backend_(backend), options_(std::move(options)) {}

std::string CacheExpander::prometheus() const {
  return metrics_.prometheus(fmt::format("expander:{}", backend_.name()));
}

std::string CacheExpander::key_of(const EntityKind& kind, std::string_view id) {
  return fmt::format("{}:{}", kind.prefix, id);
}

Result<void> CacheExpander::check_call(std::string_view id) const {
  if (id.empty()) return fail(Errc::invalid_argument, "an entity's id must not be empty");
  if (options_.cache_timeout <= std::chrono::milliseconds::zero()) {
    return fail(Errc::invalid_argument, "ExpanderOptions::cache_timeout must be more than zero");
  }
  return {};
}

Result<FetchInfo> CacheExpander::run(const EntityKind& kind, std::string_view id,
                                     detail::FetchJob& job, const FetchOptions& options) {
  if (Result<void> sound = check_call(id); !sound) return fail(std::move(sound).error());
  const Result<Ttl> ttl = options_.ttl.choose(kind.prefix, options.ttl);
  if (!ttl) return fail(ttl.error());

  const FetchTimer timer(metrics_, *options_.runtime);
  const std::string key = key_of(kind, id);
  CacheAccess cache(backend_, metrics_, *options_.runtime, options_.cache_timeout, key);
  FetchInfo info = ask_cache(cache, options.strategy, kind, job);
  if (info.miss == MissReason::none) return info;
  if (options.strategy == Strategy::fresh) {
    if (info.cache_error) return fail(*std::move(info.cache_error));
    return info;
  }

  Result<Loaded> loaded =
      load(job, options.loader_retries, options_.backoff, metrics_, *options_.runtime);
  if (!loaded) return fail(std::move(loaded).error());
  if (loaded->present) info.origin = Origin::source;
  if (options.strategy == Strategy::bypass) return info;

  Result<void> written = write_back(cache, kind, job, *loaded, *ttl, info.miss);
  if (!written) {
    if (!info.cache_error) info.cache_error = std::move(written).error();
    return info;
  }
  if (loaded->present) info.remaining = *ttl;
  if (unreadable(info.miss)) metrics_.count(CacheMetrics::Event::repair);
  return info;
}

Result<void> CacheExpander::store(const EntityKind& kind, std::string_view id,
                                  Result<std::string> payload, const PutOptions& options) {
  return check_call(id)
      .and_then([&] { return options_.ttl.choose(kind.prefix, options.ttl); })
      .and_then([&](Ttl ttl) {
        const std::string key = key_of(kind, id);
        return CacheAccess(backend_, metrics_, *options_.runtime, options_.cache_timeout, key)
            .store(kind, std::move(payload), ttl, std::chrono::microseconds(0));
      });
}

Result<bool> CacheExpander::drop(const EntityKind& kind, std::string_view id) {
  return check_call(id).and_then([&] {
    const std::string key = key_of(kind, id);
    return CacheAccess(backend_, metrics_, *options_.runtime, options_.cache_timeout, key).drop();
  });
}

}  // namespace cachekit
