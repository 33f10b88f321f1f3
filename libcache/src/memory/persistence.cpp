#include "memory/persistence.hpp"

#include "core/file_replacement.hpp"
#include "memory/limits.hpp"
#include "memory/snapshot.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <system_error>

#include <fmt/format.h>

namespace cachekit::memory {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds poll_interval{5};

Result<void> make_folder_of(const std::filesystem::path& file) {
  std::error_code failure;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), failure);
  if (!failure) return {};
  errno = failure.value();
  return core::file_error("create the folder of", file);
}

milliseconds since_epoch(Runtime::wall_time wall) noexcept {
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

Persistence::Persistence(const InMemoryConfig& config, Store& store, const Runtime& runtime)
    : config_(config), store_(store), runtime_(runtime), ready_(config.snapshot_file.empty()) {}

Result<void> Persistence::connect(Deadline deadline) {
  if (ready()) return {};
  deadline = earlier(deadline, Deadline::after(config_.connection_timeout));
  if (!lock_until(deadline)) {
    return fail(Errc::timeout, "another thread is still loading the snapshot",
                config_.snapshot_file.string(), "call connect() once before the threads start");
  }
  const core::MutexLock guard(mutex_, std::adopt_lock);
  if (ready()) return {};

  Result<std::filesystem::path> resolved = core::resolve_file(config_.snapshot_file);
  if (!resolved) return fail(std::move(resolved).error());
  file_ = *std::move(resolved);
  std::optional<SnapshotLock> lock;
  if (!config_.snapshot_read_only) {
    // Nothing is to lie beside somebody else's file, not even a lock.
    if (Result<void> own = check_own_snapshot(file_); !own) return own;
    if (Result<void> made = make_folder_of(file_); !made) return made;
    Result<SnapshotLock> acquired = SnapshotLock::acquire(file_, deadline);
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
  const core::MutexLock guard(mutex_);
  if (!ready()) {
    return fail(Errc::invalid_argument, "nothing was written, because nothing was loaded yet",
                config_.snapshot_file.string(), "call connect() first and look at its result");
  }
  const std::uint64_t changes = store_.changes();
  if (changes == saved_changes_) return {};
  const Moment now{.steady = runtime_.now(), .wall = since_epoch(runtime_.wall())};
  const std::vector<ListedEntry> listed = store_.list();
  std::vector<SnapshotEntry> entries;
  entries.reserve(listed.size());
  for (const ListedEntry& one : listed) {
    entries.push_back({.expires_at_ms = now.date(one.expires_at),
                       .key = one.entry->key(),
                       .value = one.entry->value()});
  }
  Result<void> written = write_snapshot(file_, store_.seed(), entries,
                                        damaged_ ? OldSnapshot::set_aside : OldSnapshot::replaced);
  if (written) {
    saved_changes_ = changes;
    damaged_ = false;
  }
  return written;
}

std::vector<std::string> Persistence::warnings() const {
  if (ready()) return warnings_;  // Nothing is added from then on.
  const core::MutexLock guard(mutex_);
  return warnings_;
}

bool Persistence::lock_until(Deadline deadline) const {
  while (!mutex_.try_lock()) {
    if (deadline.expired()) return false;
    Runtime::current().sleep_for(std::min(poll_interval, deadline.remaining()));
  }
  return true;
}

Result<void> Persistence::load() {
  Restored restored;
  const std::uint64_t evicted_before = store_.stats().evictions;
  Result<void> outcome = restore_entries(restored);
  if (!outcome) {
    store_.discard();
    if (outcome.error().code != Errc::decode) return outcome;
    start_empty(outcome.error());
    return {};
  }
  // Shards share the capacity, and one may be full a little before it.
  const std::uint64_t evicted = store_.stats().evictions - evicted_before;
  const bool fits = restored.too_large == 0 && restored.bytes <= store_.bounds().bytes &&
                    restored.entries <= store_.bounds().items;
  if (!fits && config_.snapshot_must_fit) {
    store_.discard();
    return too_much(restored);
  }
  if (restored.too_large + evicted > 0) {
    warnings_.push_back(fmt::format(
        "{} of the {} entries of {} do not fit the capacity, and were left out",
        restored.too_large + evicted, restored.entries, config_.snapshot_file.string()));
  }
  return {};
}

Result<void> Persistence::restore_entries(Restored& restored) {
  const Moment now{.steady = runtime_.now(), .wall = since_epoch(runtime_.wall())};
  const auto begin = [&](const HashSeed& seed) { store_.begin_with(seed); };
  return read_snapshot(file_, begin, [&](const SnapshotEntry& entry) {
    const std::optional<Time> expires_at = now.expiry(entry.expires_at_ms);
    if (!expires_at) return;
    ++restored.entries;
    const std::uint64_t charge =
        entry_charge(entry.key.size(), entry.value.size(), *expires_at != no_expiry);
    restored.bytes += charge;
    const bool sound = !entry.key.empty() && entry.key.size() <= max_key_bytes;
    if (sound && store_.restore(entry.key, entry.value, *expires_at)) return;
    ++restored.too_large;
    restored.largest = std::max(restored.largest, charge);
  });
}

Result<void> Persistence::too_much(const Restored& restored) const {
  const Bounds bounds = store_.bounds();
  std::vector<std::string> wanted;
  // A larger capacity has more shards: what is too large for one may stay so.
  const std::uint64_t most = std::max(restored.bytes, restored.largest);
  if (const std::uint64_t spacious = most + most / 4; spacious > bounds.bytes) {
    wanted.push_back(
        fmt::format("raise memory.capacity to {}MiB", spacious / mebibytes(1).count + 1));
  }
  if (restored.too_large > 0) wanted.emplace_back("set memory.shards to 1");
  if (restored.entries > bounds.items) {
    wanted.push_back(
        fmt::format("raise memory.max_entries to {}", restored.entries + restored.entries / 4));
  }
  return fail(
      Errc::rejected,
      fmt::format(
          "the {} entries of the snapshot {} take {} bytes, and the capacity is {} "
          "bytes{}{}: it would lose entries, and was left as it is",
          restored.entries, config_.snapshot_file.string(), restored.bytes, bounds.bytes,
          bounds.items < max_entries ? fmt::format(" for {} entries", bounds.items) : std::string(),
          restored.too_large > 0
              ? fmt::format(", with room for {} in one entry", store_.shard_capacity())
              : std::string()),
      config_.snapshot_file.string(),
      fmt::format("{}, or name another file", fmt::join(wanted, " and ")));
}

// What is damaged stays where it is, and what reads it hears of it, until there is something to put
// in its place.
void Persistence::start_empty(const Error& damage) {
  const bool stays = config_.snapshot_read_only;
  damaged_ = !stays;
  warnings_.push_back(fmt::format(
      "{}; the cache starts empty{}", damage.message,
      stays ? ""
            : fmt::format(", and the file is set aside as {}.corrupt-N once it is written anew",
                          file_.string())));
}

}  // namespace cachekit::memory
