#include "expander/pending_invalidations.hpp"

namespace cachekit {

bool PendingInvalidations::add(std::string_view key) {
  const core::MutexLock lock(mutex_);
  if (keys_.contains(key)) return true;
  if (keys_.size() >= most_) return false;
  keys_.emplace(key);
  count_.store(keys_.size(), std::memory_order_release);
  return true;
}

void PendingInvalidations::forget(std::string_view key) noexcept {
  if (empty()) return;
  const core::MutexLock lock(mutex_);
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  keys_.erase(found);
  count_.store(keys_.size(), std::memory_order_release);
}

bool PendingInvalidations::contains(std::string_view key) const noexcept {
  if (empty()) return false;
  const core::MutexLock lock(mutex_);
  return keys_.contains(key);
}

std::optional<std::string> PendingInvalidations::next() const {
  const core::MutexLock lock(mutex_);
  if (keys_.empty()) return std::nullopt;
  auto found = keys_.upper_bound(last_);
  if (found == keys_.end()) found = keys_.begin();
  last_ = *found;
  return last_;
}

}  // namespace cachekit
