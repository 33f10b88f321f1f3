#include "memory/entry.hpp"

#include <cstring>
#include <new>

namespace cachekit::memory {
namespace {

// Where the block of an entry begins.
void* block_of(const Entry* entry) noexcept {
  auto* const header = reinterpret_cast<char*>(const_cast<Entry*>(entry));
  return header - (entry->expires ? sizeof(Expiry) : 0);
}

}  // namespace

std::size_t Entry::charge() const noexcept { return entry_charge(key_size(), value_size, expires); }

void release(const Entry* entry) noexcept {
  if (const_cast<Entry*>(entry)->references.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  ::operator delete(block_of(entry));
}

EntryPtr make_entry(const HashedKey& key, std::string_view value, Time expires_at) {
  const bool expires = expires_at != no_expiry;
  const std::size_t before = expires ? sizeof(Expiry) : 0;
  auto* const block =
      static_cast<char*>(::operator new(before + sizeof(Entry) + key.text.size() + value.size()));
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

}  // namespace cachekit::memory
