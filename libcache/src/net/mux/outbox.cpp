#include "net/mux/outbox.hpp"

#include "core/out_of_memory.hpp"

#include <cstring>
#include <exception>
#include <utility>

namespace cachekit::net {
namespace {

constexpr std::size_t spare_capacity = std::size_t{1} << 20U;

// Gives back the memory that only a large batch needed. (An assignment would keep it.)
void trim(std::string& buffer) noexcept {
  if (buffer.empty() && buffer.capacity() > spare_capacity) std::string().swap(buffer);
}

Result<void> encode(Request& request, const Session& session, std::string& out) noexcept {
  try {
    return request.encode(session, out);
  } catch (const std::exception&) {  // No memory, or a length that no string can have.
    return fail(out_of_memory());
  }
}

}  // namespace

Result<void> Outbox::add(Waiter& waiter, const Session& session) noexcept {
  const std::size_t begin = out_.size();
  Result<void> encoded = encode(waiter.request(), session, out_);
  if (!encoded) {
    out_.resize(begin);
    trim(out_);
    return encoded;
  }
  waiter.bytes_.begin = begin;
  waiter.bytes_.size = out_.size() - begin;
  queued_.push_back(waiter, Waiter::Place::queued);
  return encoded;
}

void Outbox::withdraw(Waiter& waiter) noexcept {
  queued_.remove(waiter);
  withdrawn_ += waiter.bytes_.size;
  if (withdrawn_ * 2 >= out_.size()) close_gaps();
}

// What is withdrawn leaves a gap: requests that go one by one would move all the others each time.
void Outbox::close_gaps() noexcept {
  if (std::exchange(withdrawn_, 0) == 0) return;
  std::size_t end = 0;
  queued_.each([&](Waiter& waiter) {
    std::memmove(out_.data() + end, out_.data() + waiter.bytes_.begin, waiter.bytes_.size);
    waiter.bytes_.begin = end;
    end += waiter.bytes_.size;
  });
  out_.resize(end);
  trim(out_);
}

std::size_t Outbox::begin(WaiterList& written) noexcept {
  state_ = State::writing;
  close_gaps();
  std::swap(out_, sending_);
  sent_ = 0;
  unsent_from_ = all_sent;
  ++batch_;
  std::size_t requests = 0;
  queued_.each([&](Waiter& waiter) {
    waiter.bytes_.batch = batch_;
    ++requests;
  });
  written.splice_back(queued_, Waiter::Place::written);
  return requests;
}

void Outbox::resume() noexcept {
  if (state_ == State::refused) resumed_at_ = sent_;
  state_ = State::writing;
  unsent_from_ = all_sent;
}

bool Outbox::end(WriteEnd how) noexcept {
  const bool took_more = sent_ > std::exchange(resumed_at_, all_sent);
  unsent_from_ = how == WriteEnd::all ? all_sent : sent_;
  if (how == WriteEnd::closed) peer_gone_ = true;
  if (how == WriteEnd::refused || how == WriteEnd::late) {
    state_ = how == WriteEnd::late ? State::late : State::refused;
  } else {
    state_ = State::idle;
    sending_.clear();
    sent_ = 0;
    trim(sending_);
  }
  return took_more;
}

bool Outbox::take_more() noexcept { return std::exchange(more_, false); }

void Outbox::clear() noexcept {
  state_ = State::idle;
  more_ = peer_gone_ = false;
  sending_.clear();
  sent_ = 0;
  out_.clear();
  withdrawn_ = 0;
  trim(sending_);
  trim(out_);
  unsent_from_ = all_sent;
}

}  // namespace cachekit::net
