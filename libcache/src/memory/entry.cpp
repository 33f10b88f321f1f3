#include "memory/entry.hpp"

#include <cstring>
#include <new>

namespace cachekit::memory {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)  // As Clang says it.
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t largest_in_heap = 0;  // The sanitizer is to see each entry.
#else
constexpr std::size_t largest_in_heap = BlockHeap::largest_block;
#endif

std::size_t room_before(bool expires) noexcept { return expires ? sizeof(Expiry) : 0; }

std::size_t block_size(const Entry& entry) noexcept {
  return room_before(entry.expires) + sizeof(Entry) + entry.key_size() + entry.value_size;
}

}  // namespace

std::size_t Entry::charge() const noexcept { return entry_charge(key_size(), value_size, expires); }

bool in_heap(const Entry& entry) noexcept { return block_size(entry) <= largest_in_heap; }

void release(const Entry* shared) noexcept {
  auto* const entry = const_cast<Entry*>(shared);
  if (entry->references.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  void* const block = reinterpret_cast<char*>(entry) - room_before(entry->expires);
  const std::size_t size = block_size(*entry);
  if (size <= largest_in_heap) return BlockHeap::free(block, size);
  ::operator delete(block);
}

EntryPtr make_entry(BlockHeap& heap, const HashedKey& key, std::string_view value,
                    Time expires_at) {
  const bool expires = expires_at != no_expiry;
  const std::size_t before = room_before(expires);
  const std::size_t size = before + sizeof(Entry) + key.text.size() + value.size();
  auto* const block =
      static_cast<char*>(size <= largest_in_heap ? heap.allocate(size) : ::operator new(size));
  if (expires) new (block) Expiry{.at = expires_at};
  EntryPtr entry(new (block + before) Entry);
  entry->hash = key.index_hash();
  entry->value_size = static_cast<std::uint32_t>(value.size());
  entry->key_size_less_one = static_cast<std::uint16_t>(key.text.size() - 1);
  entry->expires = expires;
  char* const bytes = block + before + sizeof(Entry);
  std::memcpy(bytes, key.text.data(), key.text.size());
  if (!value.empty()) std::memcpy(bytes + key.text.size(), value.data(), value.size());
  return entry;
}

EntryPtr copy_entry(BlockHeap& heap, const Entry& entry) {
  const HashedKey key{.text = entry.key(), .hash = entry.hash};  // Its lower half is what counts.
  EntryPtr copy = make_entry(heap, key, entry.value(), entry.expires_at());
  copy->stored_at = entry.stored_at;
  copy->policy.store(entry.policy.load(std::memory_order_relaxed), std::memory_order_relaxed);
  return copy;
}

}  // namespace cachekit::memory
