#include "memory/shard.hpp"

#include "core/glob.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include <fmt/format.h>

namespace cachekit::memory {
namespace {

// Of each write, so that dead entries give their bytes back in step with new ones coming in.
constexpr std::size_t sweep_limit = 16;
// How full the index gets before it doubles; `index_share` counts on it.
constexpr float index_load = 0.75F;

Result<std::int64_t> parse_counter(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end) return number;
  return fail(Errc::rejected, "the value is not a decimal number of 64 bits", {},
              "counters hold digits only; set the key anew to start over");
}

}  // namespace

Shard::Shard(std::size_t capacity) : capacity_(capacity) { index_.max_load_factor(index_load); }

std::optional<std::string> Shard::get(const HashedKey& key, Time now) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = look_up(key, now);
  if (entry == nullptr) return std::nullopt;
  entry->used_at = now;
  order_.use(*entry);
  return std::string(entry->value());
}

bool Shard::exists(const HashedKey& key, Time now) {
  const std::lock_guard lock(mutex_);
  return look_up(key, now) != nullptr;
}

std::optional<Time> Shard::expires_at(const HashedKey& key, Time now) {
  const std::lock_guard lock(mutex_);
  const Entry* const entry = find_alive(key, now);
  if (entry == nullptr) return std::nullopt;
  return entry->expires_at;
}

bool Shard::touch(const HashedKey& key, Time expires_at, Time now) {
  const std::lock_guard lock(mutex_);
  Entry* const entry = find_alive(key, now);
  if (entry == nullptr) return false;
  expiring_.remove(*entry);
  entry->expires_at = expires_at;
  expiring_.add(*entry);
  entry->used_at = now;
  order_.use(*entry);
  ++stats_.changes;
  return true;
}

bool Shard::set(EntryPtr entry, SetCondition condition, Time now) {
  const std::lock_guard lock(mutex_);
  sweep(now, sweep_limit);
  Entry* const current = find_alive(entry->hashed_key(), now);
  if (condition == SetCondition::if_absent && current != nullptr) return false;
  if (condition == SetCondition::if_present && current == nullptr) return false;
  insert(std::move(entry), current, now);
  ++stats_.changes;
  return true;
}

bool Shard::remove(const HashedKey& key, Time now) {
  const std::lock_guard lock(mutex_);
  sweep(now, sweep_limit);
  Entry* const entry = find_alive(key, now);
  if (entry == nullptr) return false;
  drop(*entry);
  ++stats_.changes;
  return true;
}

Result<std::int64_t> Shard::increment(const HashedKey& key, std::int64_t by, Time now) {
  const std::lock_guard lock(mutex_);
  sweep(now, sweep_limit);
  Entry* const current = find_alive(key, now);
  std::int64_t number = 0;
  if (current != nullptr) {
    Result<std::int64_t> stored = parse_counter(current->value());
    if (!stored) return stored;
    number = *stored;
  }
  std::int64_t sum = 0;
  if (__builtin_add_overflow(number, by, &sum)) {
    return fail(Errc::rejected, fmt::format("{} + {} is beyond 64 bits", number, by), {},
                "the counter was left as it is; set it anew to start over");
  }
  const std::string text = std::to_string(sum);
  const Time expires_at = current != nullptr ? current->expires_at : no_expiry;
  ++stats_.changes;
  if (entry_charge(key.text.size(), text.size()) > capacity_) {
    if (current != nullptr) drop(*current);
    return fail(Errc::too_large, "the counter does not fit into a shard", {},
                "raise the capacity, or use fewer shards");
  }
  insert(make_entry(key, text, expires_at, now), current, now);
  return sum;
}

void Shard::clear() {
  const std::lock_guard lock(mutex_);
  while (Entry* const entry = order_.victim()) drop(*entry);
  ++stats_.changes;
}

ScanPage Shard::scan(std::string_view pattern, std::size_t from, std::size_t limit,
                     Time now) const {
  const std::lock_guard lock(mutex_);
  ScanPage page;
  page.next = std::min(from, roster_.size());
  for (; page.next > 0 && limit > 0; --page.next, --limit) {
    const Entry& entry = roster_.at(page.next - 1);
    if (!entry.expired(now) && core::glob_match(pattern, entry.key())) {
      page.keys.emplace_back(entry.key());
    }
  }
  return page;
}

void Shard::copy_to(std::vector<EntryPtr>& copies, Time now) const {
  const std::lock_guard lock(mutex_);
  for (const Entry* entry = order_.victim(); entry != nullptr;
       entry = EvictionOrder::after(*entry)) {
    if (!entry->expired(now)) copies.push_back(copy_entry(*entry));
  }
}

ShardStats Shard::stats(Time now) {
  const std::lock_guard lock(mutex_);
  sweep(now, roster_.size());
  ShardStats stats = stats_;
  stats.items = roster_.size();
  return stats;
}

std::uint64_t Shard::changes() const {
  const std::lock_guard lock(mutex_);
  return stats_.changes;
}

Entry* Shard::find_alive(const HashedKey& key, Time now) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  Entry* const entry = *found;
  if (!entry->expired(now)) return entry;
  drop_expired(*entry);
  return nullptr;
}

Entry* Shard::look_up(const HashedKey& key, Time now) {
  Entry* const entry = find_alive(key, now);
  ++(entry == nullptr ? stats_.misses : stats_.hits);
  return entry;
}

void Shard::insert(EntryPtr entry, Entry* replaced, Time now) {
  if (replaced != nullptr) unlink(*replaced);
  make_room(entry->charge(), now);
  Entry& added = replaced != nullptr ? roster_.replace(*replaced, std::move(entry))
                                     : roster_.add(std::move(entry));
  stats_.bytes += added.charge();
  index_.insert(&added);
  order_.add(added);
  expiring_.add(added);
}

// Leaves it in the roster alone, which owns it.
void Shard::unlink(Entry& entry) noexcept {
  stats_.bytes -= entry.charge();
  expiring_.remove(entry);
  order_.remove(entry);
  index_.erase(&entry);
}

void Shard::drop(Entry& entry) noexcept {
  unlink(entry);
  roster_.remove(entry);
}

void Shard::drop_expired(Entry& entry) noexcept {
  drop(entry);
  ++stats_.expired;
}

void Shard::sweep(Time now, std::size_t limit) noexcept {
  for (; limit > 0; --limit) {
    Entry* const entry = expiring_.expired(now);
    if (entry == nullptr) return;
    drop_expired(*entry);
  }
}

void Shard::make_room(std::size_t charge, Time now) noexcept {
  while (stats_.bytes + charge > capacity_) {
    if (Entry* const dead = expiring_.expired(now)) {
      drop_expired(*dead);
    } else {
      drop(*order_.victim());
      ++stats_.evictions;
    }
  }
}

}  // namespace cachekit::memory
