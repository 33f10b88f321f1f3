#include "memory/simple_policies.hpp"

#include <new>

namespace cachekit::memory {

Entry& Fifo::evict() noexcept {
  Entry& oldest = *queue_.front();
  queue_.remove(oldest);
  return oldest;
}

void Fifo::for_each(const std::function<void(const Entry&)>& visit) const {
  queue_.for_each(visit);
}

void Fifo::move_to_back(Entry& entry) noexcept {
  try {
    queue_.reserve();
  } catch (const std::bad_alloc&) {
    return;  // A use that is not remembered is no reason to fail.
  }
  queue_.remove(entry);
  queue_.push_back(entry);
}

// The shard has made room for one.
void Lru::replace(const Entry& old, Entry& fresh) noexcept {
  remove(old);
  add(fresh);
}

}  // namespace cachekit::memory
