#include "expander/background.hpp"

#include <system_error>
#include <thread>
#include <utility>

namespace cachekit {

Background::~Background() {
  stop_.request_stop();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return under_way_ == 0; });
}

bool Background::start(std::function<void(const std::stop_token&)> work) {
  {
    const std::lock_guard lock(mutex_);
    if (under_way_ >= most_) return false;
    ++under_way_;
  }
  try {
    std::thread([this, work = std::move(work)]() mutable {
      try {
        work(stop_.get_token());
      } catch (...) {  // For want of memory: whoever waits for it goes on by himself.
      }
      work = nullptr;  // It may refer to what goes with this object.
      ended();
    }).detach();
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
  changed_.notify_all();
}

}  // namespace cachekit
