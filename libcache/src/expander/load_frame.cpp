#include "expander/load_frame.hpp"

#include <mutex>

namespace cachekit {
namespace {

// The loads of this thread, the innermost first.
LoadFrame* innermost_load(Runtime& runtime) noexcept {
  return static_cast<LoadFrame*>(runtime.of_thread());
}

// Guards `Flight::waits_for` of all flights. Taken only by loads within loads.
std::mutex& waits_lock() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

LoadFrame::LoadFrame(const FlightTable& table, Flight& flight, Runtime& runtime) noexcept
    : table_(table), flight_(flight), runtime_(runtime), outer_(innermost_load(runtime)) {
  runtime.of_thread() = this;
  if (outer_ == nullptr) return;
  const std::lock_guard lock(waits_lock());
  outer_->flight_.waits_for = &flight_;
}

LoadFrame::~LoadFrame() {
  runtime_.of_thread() = outer_;
  if (outer_ == nullptr) return;
  const std::lock_guard lock(waits_lock());
  outer_->flight_.waits_for = nullptr;
}

bool LoadFrame::loads(const FlightTable& table, Runtime& runtime, std::string_view key) noexcept {
  for (const LoadFrame* frame = innermost_load(runtime); frame != nullptr; frame = frame->outer_) {
    if (&frame->table_ == &table && frame->flight_.key == key) return true;
  }
  return false;
}

LoadWait::LoadWait(Flight& target, Runtime& runtime) noexcept {
  LoadFrame* const innermost = innermost_load(runtime);
  if (innermost == nullptr) return;
  const std::lock_guard lock(waits_lock());
  const auto is_mine = [&](const Flight* flight) {
    for (const LoadFrame* frame = innermost; frame != nullptr; frame = frame->outer_) {
      if (&frame->flight_ == flight) return true;
    }
    return false;
  };
  for (const Flight* next = &target; next != nullptr; next = next->waits_for) {
    if (is_mine(next)) in_a_circle_ = true;
    if (in_a_circle_) return;
  }
  waiting_ = &innermost->flight_;
  waiting_->waits_for = &target;
}

LoadWait::~LoadWait() {
  if (waiting_ == nullptr) return;
  const std::lock_guard lock(waits_lock());
  waiting_->waits_for = nullptr;
}

}  // namespace cachekit
