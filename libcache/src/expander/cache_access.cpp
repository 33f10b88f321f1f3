#include "expander/cache_access.hpp"

#include "core/envelope.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <utility>

namespace cachekit {
namespace {

using Event = CacheMetrics::Event;

// Why an entry that was found does not answer; `none` when `job` has its value.
MissReason judge(std::string_view bytes, const EntityKind& kind, UnixMillis now,
                 detail::FetchJob& job, EnvelopeView& view) {
  Result<EnvelopeView> envelope = decode_envelope(bytes);
  if (!envelope) return MissReason::undecodable;
  view = *envelope;
  if (view.codec != kind.codec || view.schema != kind.schema) return MissReason::schema_changed;
  if (view.expired_at(now)) return MissReason::expired;
  return job.decode(view.payload) ? MissReason::none : MissReason::undecodable;
}

}  // namespace

CacheAccess::CacheAccess(CacheBackend& backend, CacheMetrics& metrics, const Runtime& runtime,
                         std::chrono::milliseconds budget, std::string_view key)
    : backend_(backend), metrics_(metrics), runtime_(runtime), left_(budget), key_(key) {}

UnixMillis CacheAccess::wall() const noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(runtime_.wall());
}

template <typename Call>
auto CacheAccess::within_budget(const Call& call) -> decltype(call(std::chrono::milliseconds())) {
  if (left_ <= std::chrono::nanoseconds::zero()) {
    return fail(Errc::timeout, "the cache took all of its time before", backend_.target(),
                "see ExpanderOptions::cache_timeout");
  }
  const auto start = runtime_.now();
  auto outcome = call(std::chrono::ceil<std::chrono::milliseconds>(left_));
  left_ -= runtime_.now() - start;
  return outcome;
}

FetchInfo CacheAccess::look_up(const EntityKind& kind, detail::FetchJob& job) {
  auto found = within_budget(
      [&](std::chrono::milliseconds timeout) { return backend_.get(key_, {.timeout = timeout}); });
  FetchInfo info;
  if (!found) {
    metrics_.count(Event::error);
    info.miss = MissReason::cache_error;
    info.cache_error = std::move(found).error();
    return info;
  }
  EnvelopeView view;
  const UnixMillis now = wall();
  info.miss = *found ? judge(**found, kind, now, job, view) : MissReason::absent;
  metrics_.count(info.miss == MissReason::none ? Event::hit : Event::miss);
  if (info.miss == MissReason::none) {
    info.origin = Origin::cache;
    // Another machine's clock may be ahead of ours: an age is never negative.
    info.age = std::max(now - view.created, std::chrono::milliseconds::zero());
    info.remaining = view.expiry ? Ttl(*view.expiry - now) : Ttl::none();
  }
  return info;
}

Result<void> CacheAccess::store(const EntityKind& kind, Result<std::string> payload, Ttl ttl,
                                std::chrono::microseconds load_cost) {
  const UnixMillis now = wall();
  auto stored =
      payload
          .and_then([&](const std::string& bytes) {
            return encode_envelope(
                {.codec = kind.codec,
                 .schema = kind.schema,
                 .created = now,
                 .expiry = ttl.expires() ? std::optional(now + ttl.duration()) : std::nullopt,
                 .load_cost = load_cost,
                 .payload = bytes});
          })
          .and_then([&](const std::string& bytes) {
            return within_budget([&](std::chrono::milliseconds timeout) {
              return backend_.set(key_, bytes, {.ttl = ttl, .timeout = timeout});
            });
          });
  metrics_.count(stored ? Event::set : Event::error);
  return std::move(stored).map([](bool) {});
}

Result<bool> CacheAccess::drop() {
  auto removed = within_budget([&](std::chrono::milliseconds timeout) {
    return backend_.remove(key_, {.timeout = timeout});
  });
  if (!removed) {
    metrics_.count(Event::error);
  } else if (*removed) {
    metrics_.count(Event::remove);
  }
  return removed;
}

}  // namespace cachekit
