#include "expander/repeater.hpp"

#include <exception>
#include <mutex>
#include <utility>

namespace cachekit {

struct Repeater::Link {
  std::mutex mutex;  // guards what follows
  Step step;         // Empty: stopped.
  bool armed = false;
};

Repeater::Repeater(Runtime& runtime, std::chrono::milliseconds distance, Step step)
    : runtime_(runtime), distance_(distance), link_(std::make_shared<Link>()) {
  link_->step = std::move(step);
}

void Repeater::arm() noexcept {
  {
    const std::lock_guard lock(link_->mutex);
    if (link_->armed || !link_->step) return;
    link_->armed = true;
  }
  try {
    static_cast<void>(runtime_.run_at(runtime_.now() + distance_, [link = link_] {
      std::unique_lock lock(link->mutex);
      link->armed = false;
      if (link->step) link->step();
    }));
  } catch (const std::exception&) {  // No memory, or no thread: the next one to arm tries again.
    const std::lock_guard lock(link_->mutex);
    link_->armed = false;
  }
}

void Repeater::stop() noexcept {
  const std::lock_guard lock(link_->mutex);
  link_->step = nullptr;
}

}  // namespace cachekit
