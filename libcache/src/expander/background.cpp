#include "expander/background.hpp"

#include <system_error>
#include <utility>

namespace cachekit {

Background::~Background() {
  stop_.request_stop();
  std::unique_lock lock(mutex_);
  changed_->wait_until(lock, Runtime::steady_time::max(), [&] { return under_way_ == 0; });
}

bool Background::start(std::function<void(const std::stop_token&)> work) {
  // However often the task is copied, what it owns goes before this object may.
  const auto owned = std::make_shared<std::function<void(const std::stop_token&)>>(std::move(work));
  {
    const std::lock_guard lock(mutex_);
    if (under_way_ >= most_) return false;
    ++under_way_;
  }
  try {
    runtime_.execute([this, owned] {
      try {
        (*owned)(stop_.get_token());
      } catch (...) {  // For want of memory: whoever waits for it goes on by himself.
      }
      *owned = nullptr;
      ended();
    });
    return true;
  } catch (const std::system_error&) {
    ended();
    return false;
  } catch (...) {
    ended();
    throw;
  }
}

void Background::ended() noexcept {
  const std::lock_guard lock(mutex_);
  --under_way_;
  changed_->notify_all();
}

}  // namespace cachekit
