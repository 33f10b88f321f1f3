#include "memory/persistence.hpp"

#include "memory/limits.hpp"
#include "memory/snapshot.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <thread>

#include <fmt/format.h>

namespace cachekit::memory {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds poll_interval{5};

milliseconds since_epoch(Clock::wall_time wall) noexcept {
  return std::chrono::duration_cast<milliseconds>(wall.time_since_epoch());
}

// Turns entries' expiry from the steady clock to dates and back, all as of one moment.
struct Moment {
  Time steady;
  milliseconds wall;

  [[nodiscard]] std::int64_t date(Time expires_at) const noexcept {
    if (expires_at == no_expiry) return 0;
    return (wall + std::chrono::ceil<milliseconds>(expires_at - steady)).count();
  }

  // Empty when the date has passed.
  [[nodiscard]] std::optional<Time> expiry(std::int64_t date) const noexcept {
    if (date == 0) return no_expiry;
    if (date <= wall.count()) return std::nullopt;
    // A wall clock that was set back must not make entries live for centuries.
    return steady + std::min(milliseconds(date - wall.count()), Ttl::max);
  }
};

}  // namespace

Persistence::Persistence(const InMemoryConfig& config, Store& store, const Clock& clock)
    : config_(config), store_(store), clock_(clock), ready_(config.snapshot_file.empty()) {}

Result<void> Persistence::connect(Deadline deadline) {
  if (ready()) return {};
  deadline = earlier(deadline, Deadline::after(config_.connection_timeout));
  std::unique_lock guard(mutex_, std::defer_lock);
  if (Result<void> locked = wait_for_mutex(guard, deadline); !locked) return locked;
  if (ready()) return {};

  std::optional<SnapshotLock> lock;
  if (!config_.snapshot_read_only) {
    Result<SnapshotLock> acquired = SnapshotLock::acquire(config_.snapshot_file, deadline);
    if (!acquired) return fail(std::move(acquired).error());
    lock = *std::move(acquired);
  }
  try {
    if (Result<void> loaded = load(); !loaded) return loaded;
  } catch (const std::bad_alloc&) {
    store_.discard();  // It is loaded anew, or not at all.
    throw;
  }
  lock_ = std::move(lock);
  saved_changes_ = store_.changes();
  ready_.store(true, std::memory_order_release);
  return {};
}

Result<void> Persistence::flush() {
  if (config_.snapshot_file.empty() || config_.snapshot_read_only) return {};
  const std::lock_guard guard(mutex_);
  if (!ready()) {
    return fail(Errc::invalid_argument, "nothing was written, because nothing was loaded yet",
                config_.snapshot_file.string(), "call connect() first and look at its result");
  }
  const std::uint64_t changes = store_.changes();
  if (changes == saved_changes_) return {};
  const Moment now{.steady = clock_.now(), .wall = since_epoch(clock_.wall())};
  const std::vector<ListedEntry> listed = store_.list();
  std::vector<SnapshotEntry> entries;
  entries.reserve(listed.size());
  for (const ListedEntry& one : listed) {
    entries.push_back({.expires_at_ms = now.date(one.expires_at),
                       .key = one.entry->key(),
                       .value = one.entry->value()});
  }
  Result<void> written = write_snapshot(config_.snapshot_file, entries);
  if (written) saved_changes_ = changes;
  return written;
}

std::vector<std::string> Persistence::warnings() const {
  if (ready()) return warnings_;  // Nothing is added from then on.
  const std::lock_guard guard(mutex_);
  return warnings_;
}

Result<void> Persistence::wait_for_mutex(std::unique_lock<std::mutex>& lock,
                                         Deadline deadline) const {
  while (!lock.try_lock()) {
    if (deadline.expired()) {
      return fail(Errc::timeout, "another thread is still loading the snapshot",
                  config_.snapshot_file.string(), "call connect() once before the threads start");
    }
    std::this_thread::sleep_for(std::min(poll_interval, deadline.remaining()));
  }
  return {};
}

Result<void> Persistence::load() {
  Result<void> outcome;
  const std::size_t left_out = restore_entries(outcome);
  if (!outcome) {
    store_.discard();
    return outcome.error().code == Errc::decode ? start_empty(outcome.error()) : outcome;
  }
  if (left_out > 0) {
    warnings_.push_back(
        fmt::format("{} entries of {} are larger than this cache allows, and "
                    "were left out",
                    left_out, config_.snapshot_file.string()));
  }
  return {};
}

std::size_t Persistence::restore_entries(Result<void>& outcome) {
  const Moment now{.steady = clock_.now(), .wall = since_epoch(clock_.wall())};
  std::size_t left_out = 0;
  outcome = read_snapshot(config_.snapshot_file, [&](const SnapshotEntry& entry) {
    const std::optional<Time> expires_at = now.expiry(entry.expires_at_ms);
    if (!expires_at) return;
    const bool sound = !entry.key.empty() && entry.key.size() <= max_key_bytes;
    if (!sound || !store_.restore(entry.key, entry.value, *expires_at)) ++left_out;
  });
  return left_out;
}

Result<void> Persistence::start_empty(const Error& damage) {
  if (config_.snapshot_read_only) {
    warnings_.push_back(fmt::format("{}; the cache starts empty", damage.message));
    return {};
  }
  return set_aside(config_.snapshot_file).map([&](const std::filesystem::path& aside) {
    warnings_.push_back(fmt::format("{}; it was set aside as {}, and the cache starts empty",
                                    damage.message, aside.string()));
  });
}

}  // namespace cachekit::memory
