#include "expander/load_frame.hpp"

#include <mutex>
#include <utility>

namespace cachekit {
namespace {

// The loads of this thread, the innermost first.
thread_local constinit LoadFrame* innermost_load = nullptr;

// Guards `Flight::waits_for` of all flights. Taken only by loads within loads.
std::mutex& waits_lock() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

LoadFrame::LoadFrame(const FlightTable& table, Flight& flight) noexcept
    : table_(table), flight_(flight), outer_(std::exchange(innermost_load, this)) {
  if (outer_ == nullptr) return;
  const std::lock_guard lock(waits_lock());
  outer_->flight_.waits_for = &flight_;
}

LoadFrame::~LoadFrame() {
  innermost_load = outer_;
  if (outer_ == nullptr) return;
  const std::lock_guard lock(waits_lock());
  outer_->flight_.waits_for = nullptr;
}

bool LoadFrame::loads(const FlightTable& table, std::string_view key) noexcept {
  for (const LoadFrame* frame = innermost_load; frame != nullptr; frame = frame->outer_) {
    if (&frame->table_ == &table && frame->flight_.key == key) return true;
  }
  return false;
}

LoadWait::LoadWait(Flight& target) noexcept {
  if (innermost_load == nullptr) return;
  const std::lock_guard lock(waits_lock());
  const auto is_mine = [](const Flight* flight) {
    for (const LoadFrame* frame = innermost_load; frame != nullptr; frame = frame->outer_) {
      if (&frame->flight_ == flight) return true;
    }
    return false;
  };
  for (const Flight* next = &target; next != nullptr; next = next->waits_for) {
    if (is_mine(next)) in_a_circle_ = true;
    if (in_a_circle_) return;
  }
  waiting_ = &innermost_load->flight_;
  waiting_->waits_for = &target;
}

LoadWait::~LoadWait() {
  if (waiting_ == nullptr) return;
  const std::lock_guard lock(waits_lock());
  waiting_->waits_for = nullptr;
}

}  // namespace cachekit
