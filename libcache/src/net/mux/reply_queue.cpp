#include "net/mux/reply_queue.hpp"

#include <memory>
#include <new>
#include <utility>

namespace cachekit::net {

ReplyQueue::Delivery ReplyQueue::begin(const Outbox& outbox) noexcept {
  expecting_.splice_back(written_, Waiter::Place::expecting);
  return {.end = expecting_.front(), .unsent = first_unsent(outbox)};
}

// Of the last batch, of which the kernel took a part. (While somebody writes, nobody knows how much
// that is.)
const Waiter* ReplyQueue::first_unsent(const Outbox& outbox) const noexcept {
  const Waiter* first = nullptr;
  for (const Waiter* at = expecting_.back(); at != nullptr; at = at->previous_) {
    if (!outbox.unsent(*at)) break;
    first = at;
  }
  return first;
}

// Those that are done are taken out together, once it is known that all bytes belonged to somebody:
// with a reply too many it is not known which one that was.
Result<void> ReplyQueue::parse(Delivery& delivery, std::string_view bytes) {
  auto& [end, unsent] = delivery;
  culprit_ = nullptr;
  session_->feed(bytes);
  while (end != nullptr && end != unsent && !session_->idle()) {
    Result<bool> complete = session_->advance(end->request());
    if (!complete) {
      // Bytes that were lost for want of memory are no fault of the reply.
      if (complete.error().code != Errc::unavailable) culprit_ = end;
      return fail(std::move(complete).error());
    }
    if (!*complete) break;  // Half a reply is left.
    end = end->next_;
  }
  if ((end == nullptr || end == unsent) && !session_->idle()) {
    return fail(Errc::protocol, "the server sent more than was asked for");
  }
  return {};
}

// A write that is given up may still be carried out: until its reply has come, what its thread asks
// next has to stay behind it. (A caller that waits gives up on its own thread.)
bool ReplyQueue::abandon(Waiter& waiter, ProgramOrder& order, Lane lane) noexcept {
  WaiterList& list = waiter.place_ == Waiter::Place::written ? written_ : expecting_;
  try {
    auto abandoned = std::make_unique<AbandonedWaiter>(waiter.request().abandoned());
    const bool of_caller = !waiter.background_ && !waiter.request().idempotent();
    if (of_caller) waiter.ticket_ = order.ticket_in(lane);
    list.replace(waiter, *abandoned.release());
    return true;
  } catch (const std::bad_alloc&) {
    list.remove(waiter);
    return false;
  }
}

}  // namespace cachekit::net
