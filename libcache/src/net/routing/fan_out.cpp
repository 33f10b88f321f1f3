#include "net/routing/fan_out.hpp"

#include "net/channel.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::net {
namespace {

using std::chrono::milliseconds;

// How long the caller leads for one node after the other. Mostly one answers in that time; then
// they are looked at more and more seldom, for each look costs a moment of a processor.
constexpr milliseconds shortest_wait{2};
constexpr milliseconds longest_wait{32};

}  // namespace

FanOut::~FanOut() {
  while (!empty()) static_cast<void>(wait_for_any());
}

void FanOut::start(std::size_t slot, Channel& channel, Request& request,
                   Deadline deadline) noexcept {
  channel.start(slots_[slot].call.emplace(request, deadline), IoThread::Caller::waits);
  ++under_way_;
}

FanOut::Settled FanOut::wait_for_any() noexcept {
  std::size_t found = slots_.size();
  for (auto patience = shortest_wait; found == slots_.size();
       patience = std::min(patience * 2, longest_wait)) {
    found = await(patience);
    if (found == slots_.size()) leave_to_io_threads();
  }
  Slot& slot = slots_[found];
  if (std::exchange(slot.is_read_elsewhere, false)) slot.call->read_on_its_own(false);
  Settled settled{found, std::move(slot.call->outcome())};
  slot.call.reset();
  --under_way_;
  return settled;
}

// The slot that is settled, or the number of slots where none is in that time.
std::size_t FanOut::await(milliseconds patience) noexcept {
  const auto settled = [](const Slot& slot) { return slot.call && slot.call->settled(); };
  const auto done = std::ranges::find_if(slots_, settled);
  if (done != slots_.end()) return static_cast<std::size_t>(done - slots_.begin());
  const Deadline soon = Deadline::after(patience);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].call) continue;
    if (under_way_ == 1) {
      slots_[i].call->wait();
      return i;
    }
    if (slots_[i].call->wait(soon)) return i;
  }
  return slots_.size();
}

// A node that takes longer must not keep the caller from what others need.
void FanOut::leave_to_io_threads() noexcept {
  for (Slot& slot : slots_) {
    if (!slot.call || slot.is_read_elsewhere || slot.call->settled()) continue;
    slot.is_read_elsewhere = true;
    slot.call->read_on_its_own(true);
  }
}

}  // namespace cachekit::net
