#include "expander/throttle.hpp"

namespace cachekit {

void Throttle::failed(std::string_view key, const Error& error, std::chrono::milliseconds pause) {
  if (pause <= std::chrono::milliseconds::zero()) return;
  const auto now = runtime_.now();
  const core::MutexLock lock(mutex_);
  if (failures_.size() >= most) make_room(now);
  failures_.insert_or_assign(std::string(key), Failure{now + pause, error});
  count_.store(failures_.size(), std::memory_order_release);
}

void Throttle::succeeded(std::string_view key) noexcept {
  if (count_.load(std::memory_order_acquire) == 0) return;
  const core::MutexLock lock(mutex_);
  const auto found = failures_.find(key);
  if (found == failures_.end()) return;
  failures_.erase(found);
  count_.store(failures_.size(), std::memory_order_release);
}

std::optional<Error> Throttle::recent_failure(std::string_view key) const {
  if (count_.load(std::memory_order_acquire) == 0) return std::nullopt;
  const core::MutexLock lock(mutex_);
  const auto found = failures_.find(key);
  if (found == failures_.end() || found->second.until <= runtime_.now()) return std::nullopt;
  return found->second.error;
}

void Throttle::make_room(Runtime::steady_time now) {
  std::erase_if(failures_, [&](const auto& one) { return one.second.until <= now; });
  if (failures_.size() >= most) failures_.clear();
}

}  // namespace cachekit
