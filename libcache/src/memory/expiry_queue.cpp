#include "memory/expiry_queue.hpp"

namespace cachekit::memory {

void ExpiryQueue::add(Entry& entry) {
  if (entry.expires_at == no_expiry) return;
  heap_.push_back(&entry);
  place(entry, heap_.size() - 1);
  rise(heap_.size() - 1);
}

void ExpiryQueue::remove(Entry& entry) noexcept {
  if (entry.expires_at == no_expiry) return;
  const std::size_t slot = entry.expiry_slot;
  Entry* const last = heap_.back();
  heap_.pop_back();
  if (last == &entry) return;
  place(*last, slot);
  rise(slot);
  sink(last->expiry_slot);
}

bool ExpiryQueue::consistent() const noexcept {
  for (std::size_t slot = 0; slot < heap_.size(); ++slot) {
    const Entry& entry = *heap_[slot];
    if (entry.expiry_slot != slot || entry.expires_at == no_expiry) return false;
    if (slot > 0 && heap_[(slot - 1) / 2]->expires_at > entry.expires_at) return false;
  }
  return true;
}

void ExpiryQueue::rise(std::size_t slot) noexcept {
  Entry* const entry = heap_[slot];
  while (slot > 0) {
    const std::size_t parent = (slot - 1) / 2;
    if (heap_[parent]->expires_at <= entry->expires_at) break;
    place(*heap_[parent], slot);
    slot = parent;
  }
  place(*entry, slot);
}

void ExpiryQueue::sink(std::size_t slot) noexcept {
  Entry* const entry = heap_[slot];
  for (std::size_t child = 2 * slot + 1; child < heap_.size(); child = 2 * slot + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1]->expires_at < heap_[child]->expires_at) {
      ++child;
    }
    if (entry->expires_at <= heap_[child]->expires_at) break;
    place(*heap_[child], slot);
    slot = child;
  }
  place(*entry, slot);
}

void ExpiryQueue::place(Entry& entry, std::size_t slot) noexcept {
  heap_[slot] = &entry;
  entry.expiry_slot = static_cast<std::uint32_t>(slot);
}

}  // namespace cachekit::memory
