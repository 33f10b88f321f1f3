#include "net/routing/reroutes.hpp"

#include "core/out_of_memory.hpp"
#include "net/failure.hpp"
#include "net/routing/dispatcher.hpp"

#include <exception>
#include <utility>

#include <fmt/format.h>

namespace cachekit::net {

Result<void> Reroutes::allow(const Verdict& verdict, const Node& asked, Deadline deadline) {
  if (verdict.action == Verdict::Action::redirect) {
    if (++redirects_ <= Dispatcher::max_redirects) return {};
    return fail(Errc::unavailable,
                fmt::format("redirected {} times, and {} is not the last: {}",
                            Dispatcher::max_redirects, asked.endpoint(), verdict.reason),
                asked.endpoint(),
                "the nodes do not agree about who owns the key: look at the state of the cluster");
  }
  ++retries_;
  if (Deadline::clock::now() + verdict.pause < deadline.at()) return {};
  return fail(Errc::timeout,
              fmt::format("refused {} times, and there is no time for another try: {}", retries_,
                          verdict.reason),
              asked.endpoint(), "try again later, or raise the timeout");
}

Result<Verdict> judge(Router& router, Attempt attempt, Reroutes& reroutes,
                      Deadline deadline) noexcept {
  try {
    attempt.retries = reroutes.retries();
    Verdict verdict = router.judge(attempt);
    if (verdict.action == Verdict::Action::deliver) return verdict;
    if (verdict.action == Verdict::Action::redirect && !verdict.to) {
      return fail(backend_destroyed(attempt.node.endpoint()));  // A set of nodes has ended.
    }
    if (Result<void> allowed = reroutes.allow(verdict, attempt.node, deadline); !allowed) {
      if (verdict.reason.empty()) return Verdict::deliver();
      return fail(std::move(allowed).error());
    }
    return verdict;
  } catch (const std::exception&) {  // It was not carried out.
    return fail(out_of_memory());
  }
}

}  // namespace cachekit::net
