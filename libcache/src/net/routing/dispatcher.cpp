#include "net/routing/dispatcher.hpp"

#include "core/out_of_memory.hpp"
#include "net/failure.hpp"
#include "net/routing/batch_run.hpp"
#include "net/routing/rerouted_call.hpp"
#include "net/routing/reroutes.hpp"

#include <memory>
#include <new>
#include <utility>

namespace cachekit::net {

Answered Dispatcher::execute(Request& request, std::string_view key, Deadline deadline) {
  NodeRef node = router_.node_of(key);
  if (!node) return {fail(router_.no_node(key)), {}};
  const bool fixed = router_.fixed();
  if (!fixed && !request.idempotent()) writes_.begin(key);
  Answered answered{node->channel().execute(request, deadline), std::move(node)};
  if (fixed || !was_refused(request, 0, answered.outcome)) return answered;
  return execute_again(request, key, deadline, std::move(answered));
}

Answered Dispatcher::execute_again(Request& request, std::string_view key, Deadline deadline,
                                   Answered answered) {
  Reroutes reroutes;
  while (was_refused(request, 0, answered.outcome)) {
    Result<Verdict> verdict =
        judge(router_, {request, 0, answered.outcome, *answered.by}, reroutes, deadline);
    if (!verdict) return {fail(std::move(verdict).error()), std::move(answered.by)};
    if (verdict->action == Verdict::Action::deliver) break;
    if (verdict->action == Verdict::Action::retry) {
      if (!pauses_.wait_until(Deadline::clock::now() + verdict->pause)) {
        return {fail(backend_destroyed(answered.by->endpoint())), std::move(answered.by)};
      }
      verdict->to = router_.node_of(key);
      if (!verdict->to) return {fail(router_.no_node(key)), {}};
    }
    answered.by = std::move(verdict->to);
    request.redirected(answered.by->endpoint(), verdict->prelude);
    answered.outcome = answered.by->channel().execute(request, deadline);
  }
  return answered;
}

void Dispatcher::execute(SplitBatch& batch, Deadline deadline) {
  BatchRun(*this, batch, deadline).run();
}

void Dispatcher::start(AsyncRequest& request, const NodeRef& node, std::string_view key) noexcept {
  try {
    if (!router_.fixed()) {
      request.look_at_outcome(std::make_unique<ReroutedCall>(*this, request, node, key));
    }
  } catch (const std::bad_alloc&) {
    return node->channel().refuse(request, out_of_memory());
  }
  node->channel().start(request);
}

}  // namespace cachekit::net
