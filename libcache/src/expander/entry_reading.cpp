#include "expander/entry_reading.hpp"

#include "core/envelope.hpp"
#include "expander/refresh.hpp"

#include <algorithm>
#include <utility>

namespace cachekit {
namespace {

Standing standing_of(const EnvelopeView& envelope, const FetchPolicy& policy, UnixMillis now,
                     Draws& draws) {
  if (!envelope.expiry) return Standing::fresh;
  const std::chrono::milliseconds left = *envelope.expiry - now;
  if (left <= std::chrono::milliseconds::zero()) {
    return -left < policy.stale_for && !envelope.absent ? Standing::stale : Standing::none;
  }
  if (policy.refresh_ahead <= 0) return Standing::fresh;
  const bool due = is_due(left, envelope.load_cost, policy.refresh_ahead, draws.next());
  return due ? Standing::due : Standing::fresh;
}

Result<void> decode(const EnvelopeView& envelope, Standing standing, detail::FetchJob& job,
                    std::string* spent) {
  if (spent == nullptr || standing != Standing::fresh) return job.decode(envelope.payload);
  return job.decode_from(std::move(*spent), spent->size() - envelope.payload.size());
}

EntryReading unusable(MissReason why) { return {.miss = why}; }

bool open(std::string_view bytes, Trust trust, EnvelopeView& envelope) {
  if (trust == Trust::own) return read_trusted_envelope(bytes, envelope);
  const Result<EnvelopeView> decoded = decode_envelope(bytes);
  if (decoded) envelope = *decoded;
  return decoded.has_value();
}

}  // namespace

EntryReading read_entry(std::string_view bytes, const EntityKind& kind, const FetchPolicy& policy,
                        UnixMillis now, Draws& draws, Trust trust, detail::FetchJob& job,
                        std::string* spent) {
  EnvelopeView envelope;
  if (!open(bytes, trust, envelope)) return unusable(MissReason::undecodable);
  // Another machine's clock may be ahead of ours, and `now` is some milliseconds old: nothing has
  // been created later.
  now = std::max(now, envelope.created);
  if (envelope.codec != kind.codec || envelope.schema != kind.schema) {
    return unusable(MissReason::schema_changed);
  }
  EntryReading reading{.standing = standing_of(envelope, policy, now, draws)};
  if (reading.standing == Standing::none) return unusable(MissReason::expired);
  if (envelope.absent) {
    job.clear();
  } else if (!decode(envelope, reading.standing, job, spent)) {
    return unusable(MissReason::undecodable);
  }
  reading.absent = envelope.absent;
  reading.age = now - envelope.created;
  if (reading.standing == Standing::stale) {
    reading.miss = MissReason::expired;
  } else {
    reading.remaining = envelope.expiry ? Ttl(*envelope.expiry - now) : Ttl::none();
  }
  return reading;
}

}  // namespace cachekit
