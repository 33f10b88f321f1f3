#include "memory/departures.hpp"

#include <cstddef>
#include <cstring>

namespace cachekit::memory {
namespace {

constexpr std::size_t link_size = sizeof(void*);
static_assert(offsetof(Entry, hash) == 0 && offsetof(Entry, value_size) >= link_size,
              "the chain fits into what only index and queue used");

void set_next(Entry& entry, Entry* next) noexcept {
  std::memcpy(static_cast<void*>(&entry), &next, link_size);
}

Entry* next_of(const Entry& entry) noexcept {
  Entry* next = nullptr;
  std::memcpy(&next, static_cast<const void*>(&entry), link_size);
  return next;
}

}  // namespace

Departures::~Departures() {
  while (first_ != nullptr) {
    Entry* const entry = first_;
    first_ = next_of(*entry);
    release(entry);
  }
}

void Departures::add(Entry& entry, RemovalCause cause) noexcept {
  if (cause == RemovalCause::evicted) evicted_ = true;
  set_next(entry, nullptr);
  entry.policy.store(static_cast<std::uint8_t>(cause), std::memory_order_relaxed);
  if (first_ == nullptr) {
    first_ = &entry;
  } else {
    set_next(*last_, &entry);
  }
  last_ = &entry;
}

void Departures::report(const RemovalListener& listener) const {
  for (const Entry* entry = first_; entry != nullptr; entry = next_of(*entry)) {
    const auto cause = static_cast<RemovalCause>(entry->policy.load(std::memory_order_relaxed));
    listener({.key = entry->key(), .value = entry->value(), .cause = cause});
  }
}

}  // namespace cachekit::memory
