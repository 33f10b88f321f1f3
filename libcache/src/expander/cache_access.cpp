#include "expander/cache_access.hpp"

#include "core/envelope.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cachekit {
namespace {

using Event = CacheMetrics::Event;

}  // namespace

CacheAccess::CacheAccess(ExpanderState& state, std::string_view key)
    : state_(state), left_(state.options.cache_timeout), key_(key) {}

UnixMillis CacheAccess::wall() const noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(state_.options.clock->wall());
}

template <typename Call>
auto CacheAccess::within_budget(const Call& call) -> decltype(call(std::chrono::milliseconds())) {
  if (left_ <= std::chrono::nanoseconds::zero()) {
    return fail(Errc::timeout, "the cache took all of its time before", state_.backend.target(),
                "see ExpanderOptions::cache_timeout");
  }
  const Clock& clock = *state_.options.clock;
  const auto start = clock.now();
  auto outcome = call(std::chrono::ceil<std::chrono::milliseconds>(left_));
  left_ -= clock.now() - start;
  return outcome;
}

MissReason CacheAccess::read(std::string_view bytes, const EntityKind& kind, detail::FetchJob& job,
                             FetchInfo& info) const {
  Result<EnvelopeView> envelope = decode_envelope(bytes);
  if (!envelope) return MissReason::undecodable;
  if (envelope->codec != kind.codec || envelope->schema != kind.schema) {
    return MissReason::schema_changed;
  }
  const UnixMillis now = wall();
  if (envelope->expired_at(now)) return MissReason::expired;
  if (!job.decode(envelope->payload)) return MissReason::undecodable;
  // Another machine's clock may be ahead of ours: an age is never negative.
  info.age = std::max(now - envelope->created, std::chrono::milliseconds::zero());
  info.remaining = envelope->expiry ? Ttl(*envelope->expiry - now) : Ttl::none();
  return MissReason::none;
}

LookUp CacheAccess::find(const EntityKind& kind, detail::FetchJob& job) {
  LookUp found;
  auto bytes = within_budget([&](std::chrono::milliseconds timeout) {
    return state_.backend.get(key_, {.timeout = timeout});
  });
  if (!bytes) {
    found.info.miss = MissReason::cache_error;
    found.info.cache_error = std::move(bytes).error();
    return found;
  }
  found.bytes = *std::move(bytes);
  found.info.miss = found.bytes ? read(*found.bytes, kind, job, found.info) : MissReason::absent;
  if (found.info.miss == MissReason::none) {
    found.standing = Standing::fresh;
    found.info.origin = Origin::cache;
  }
  return found;
}

LookUp CacheAccess::look_up(const EntityKind& kind, detail::FetchJob& job) {
  LookUp found = find(kind, job);
  state_.metrics.count(found.info.cache_error                ? Event::error
                       : found.info.miss == MissReason::none ? Event::hit
                                                             : Event::miss);
  return found;
}

LookUp CacheAccess::look_again(const EntityKind& kind, detail::FetchJob& job) {
  LookUp found = find(kind, job);
  if (found.info.cache_error) state_.metrics.count(Event::error);
  return found;
}

Result<std::string> CacheAccess::wrap(const EntityKind& kind, Result<std::string> payload, Ttl ttl,
                                      std::chrono::microseconds load_cost) const {
  const UnixMillis now = wall();
  auto envelope = payload.and_then([&](const std::string& bytes) {
    return encode_envelope(
        {.codec = kind.codec,
         .schema = kind.schema,
         .created = now,
         .expiry = ttl.expires() ? std::optional(now + ttl.duration()) : std::nullopt,
         .load_cost = load_cost,
         .payload = bytes});
  });
  if (!envelope) state_.metrics.count(Event::error);
  return envelope;
}

Result<void> CacheAccess::store(std::string_view envelope, Ttl ttl) {
  auto stored = within_budget([&](std::chrono::milliseconds timeout) {
    return state_.backend.set(key_, envelope, {.ttl = ttl, .timeout = timeout});
  });
  state_.metrics.count(stored ? Event::set : Event::error);
  return std::move(stored).map([](bool) {});
}

Result<bool> CacheAccess::drop() {
  auto removed = within_budget([&](std::chrono::milliseconds timeout) {
    return state_.backend.remove(key_, {.timeout = timeout});
  });
  if (!removed) {
    state_.metrics.count(Event::error);
  } else if (*removed) {
    state_.metrics.count(Event::remove);
  }
  return removed;
}

Result<KeyLocks::Held> CacheAccess::lock() {
  const Clock& clock = *state_.options.clock;
  const auto start = clock.now();
  KeyLocks::Held held = state_.writes.lock(key_, left_);
  left_ -= clock.now() - start;
  if (held) return held;
  state_.metrics.count(Event::error);
  return fail(Errc::timeout,
              fmt::format("another caller of this process was writing {} all the time", key_),
              state_.backend.target(), "see ExpanderOptions::cache_timeout");
}

}  // namespace cachekit
