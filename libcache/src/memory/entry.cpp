#include "memory/entry.hpp"

#include <algorithm>
#include <new>

namespace cachekit::memory {

void EntryDeleter::operator()(Entry* entry) const noexcept {
  entry->~Entry();
  ::operator delete(entry);
}

std::size_t Entry::charge() const noexcept { return entry_charge(key_size, value_size); }

EntryPtr make_entry(const HashedKey& key, std::string_view value, Time expires_at, Time used_at) {
  void* const block = ::operator new(sizeof(Entry) + key.text.size() + value.size());
  EntryPtr entry(new (block) Entry);
  entry->expires_at = expires_at;
  entry->used_at = used_at;
  entry->hash = key.hash;
  entry->key_size = static_cast<std::uint32_t>(key.text.size());
  entry->value_size = value.size();
  char* const bytes = static_cast<char*>(block) + sizeof(Entry);
  std::copy(value.begin(), value.end(), std::copy(key.text.begin(), key.text.end(), bytes));
  return entry;
}

EntryPtr copy_entry(const Entry& entry) {
  return make_entry(entry.hashed_key(), entry.value(), entry.expires_at, entry.used_at);
}

}  // namespace cachekit::memory
