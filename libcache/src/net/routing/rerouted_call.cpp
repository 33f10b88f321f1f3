// One request, several nodes. Whoever finds its outcome has it: the thread that settles it at its
// first node, then the one that settles the hop, or the one that ends a pause. Only `cancel` comes
// from elsewhere. It marks the request as unwanted first and looks for a hop or a pause then, while
// these are made first and look at the mark then; so one of the two sees the other.

#include "net/routing/rerouted_call.hpp"

#include "core/out_of_memory.hpp"
#include "net/failure.hpp"
#include "net/routing/dispatcher.hpp"

#include <atomic>
#include <new>
#include <utility>

namespace cachekit::net {

// It exists as long as it is under way, or the call knows it.
class ReroutedCall::Hop final : public AsyncRequest {
 public:
  Hop(ReroutedCall& call, NodeRef node) noexcept
      : AsyncRequest(call.request_.request(), call.request_.deadline()),
        call_(call),
        node_(std::move(node)) {}

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  void hold() noexcept override {
    retain();
    call_.request_.hold();
  }
  void release_self() noexcept override {
    AsyncRequest& request = call_.request_;
    release();
    request.release_self();
  }
  void conclude() noexcept override {}
  void announce() noexcept override {
    read_on_its_own(false);
    call_.arrived(*this);
  }

  ReroutedCall& call_;
  const NodeRef node_;
  std::atomic<int> references_{1};
};

ReroutedCall::ReroutedCall(Dispatcher& dispatcher, AsyncRequest& request, NodeRef node,
                           std::string_view key)
    : dispatcher_(dispatcher),
      request_(request),
      key_(key),
      first_(std::move(node)),
      asked_(first_),
      ticket_(request.request().idempotent() ? WriteOrder::Ticket()
                                             : dispatcher.writes_.begin(key)) {}

ReroutedCall::~ReroutedCall() {
  if (Hop* const hop = replace_hop(nullptr)) hop->release();
}

bool ReroutedCall::takes_over() noexcept { return goes_on_after(request_.outcome()); }

bool ReroutedCall::may_go_again() const noexcept {
  return request_.request().idempotent() || dispatcher_.writes_.is_latest(key_, ticket_);
}

bool ReroutedCall::goes_on_after(Result<void>& outcome) noexcept {
  if (!was_refused(request_.request(), 0, outcome)) return false;
  Result<Verdict> verdict = judge(dispatcher_.router_, {request_.request(), 0, outcome, *asked_},
                                  reroutes_, request_.deadline());
  if (!verdict) {
    outcome = fail(std::move(verdict).error());
    return false;
  }
  switch (verdict->action) {
    case Verdict::Action::redirect:
      return go_to(verdict->to, verdict->prelude, outcome);
    case Verdict::Action::retry:
      return may_go_again() && pause(verdict->pause, outcome);
    default:
      return false;
  }
}

bool ReroutedCall::go_to(const NodeRef& node, bool prelude, Result<void>& outcome) noexcept {
  Hop* hop = nullptr;
  try {
    request_.request().redirected(node->endpoint(), prelude);
    hop = new Hop(*this, node);
  } catch (const std::bad_alloc&) {
    outcome = fail(out_of_memory());
    return false;
  }
  AsyncRequest& request = request_;
  request.hold();  // For as long as this looks after the hop.
  hop->retain();
  asked_ = node;
  if (Hop* const last = replace_hop(hop)) last->release();
  node->channel().start_for_another(*hop);
  hop->read_on_its_own(true);
  if (request.unwanted()) hop->cancel();
  hop->release();
  request.release_self();
  return true;
}

bool ReroutedCall::go_to_owner(Result<void>& outcome) noexcept {
  NodeRef node = dispatcher_.router_.node_of(key_);
  if (node) return go_to(node, false, outcome);
  try {
    outcome = fail(dispatcher_.router_.no_node(key_));
  } catch (const std::bad_alloc&) {
    outcome = fail(out_of_memory(Errc::unavailable));
  }
  return false;
}

// Where it cannot pause it stays refused.
bool ReroutedCall::pause(std::chrono::microseconds pause, Result<void>& outcome) noexcept {
  AsyncRequest& request = request_;
  Pauses& pauses = dispatcher_.pauses_;
  request.hold();  // It may be settled at once.
  refusal_ = std::move(outcome);
  bool pausing = pauses.add(Deadline::clock::now() + pause, *this);
  if (!pausing) outcome = std::move(refusal_);
  if (pausing && request.unwanted() && pauses.remove(*this)) {
    pausing = false;
    outcome = fail(caller_withdrew(asked_->endpoint()));
  }
  request.release_self();
  return pausing;
}

void ReroutedCall::go_on(bool cut_short) noexcept {
  Result<void> outcome{};
  if (cut_short) {
    outcome = fail(backend_destroyed(asked_->endpoint()));
  } else if (request_.unwanted()) {
    outcome = fail(caller_withdrew(asked_->endpoint()));
  } else if (!may_go_again()) {
    outcome = std::move(refusal_);
  } else if (go_to_owner(outcome)) {
    return;
  }
  settle(std::move(outcome));
}

void ReroutedCall::arrived(Hop& hop) noexcept {
  Result<void> outcome = std::move(hop.outcome());
  if (!goes_on_after(outcome)) settle(std::move(outcome));
}

// The node is needed to the very end of it, which may be that of this call.
void ReroutedCall::settle(Result<void>&& outcome) noexcept {
  const NodeRef first = first_;
  request_.settle_taken_over(std::move(outcome));
}

bool ReroutedCall::cancel() noexcept {
  if (dispatcher_.pauses_.remove(*this)) {
    settle(fail(caller_withdrew(first_->endpoint())));
    return true;
  }
  Hop* hop = nullptr;
  {
    const core::MutexLock lock(mutex_);
    hop = hop_;
    if (hop == nullptr) return false;
    hop->retain();
  }
  hop->cancel();
  hop->release();
  return true;
}

ReroutedCall::Hop* ReroutedCall::replace_hop(Hop* by) noexcept {
  const core::MutexLock lock(mutex_);
  return std::exchange(hop_, by);
}

}  // namespace cachekit::net
