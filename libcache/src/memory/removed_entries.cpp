#include "memory/removed_entries.hpp"

#include <cstddef>
#include <cstring>
#include <utility>

namespace cachekit::memory {
namespace {

constexpr std::size_t link_size = sizeof(void*);
static_assert(offsetof(Entry, hash) == 0 && offsetof(Entry, value_size) >= link_size,
              "the chain fits into what only index and queue used");

void set_next(Entry& entry, Entry* next) noexcept {
  std::memcpy(static_cast<void*>(&entry), static_cast<const void*>(&next), link_size);
}

Entry* next_of(const Entry& entry) noexcept {
  Entry* next = nullptr;
  std::memcpy(static_cast<void*>(&next), static_cast<const void*>(&entry), link_size);
  return next;
}

}  // namespace

RemovedEntries::~RemovedEntries() {
  while (take_first()) {
  }
}

void RemovedEntries::add(Entry& entry, std::optional<RemovalCause> cause) noexcept {
  if (cause == RemovalCause::evicted) evicted_ = true;
  set_next(entry, nullptr);
  entry.policy.store(cause ? static_cast<std::uint8_t>(*cause) : untold, std::memory_order_relaxed);
  if (first_ == nullptr) {
    first_ = &entry;
  } else {
    set_next(*last_, &entry);
  }
  last_ = &entry;
}

void RemovedEntries::append(RemovedEntries& other) noexcept {
  if (other.empty()) return;
  if (empty()) {
    first_ = other.first_;
  } else {
    set_next(*last_, other.first_);
  }
  last_ = std::exchange(other.last_, nullptr);
  other.first_ = nullptr;
}

EntryReference RemovedEntries::take_first() noexcept {
  EntryReference entry(first_);
  if (entry) first_ = next_of(*entry);
  return entry;
}

}  // namespace cachekit::memory
