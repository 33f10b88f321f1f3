#pragma once

#include "net/routing/router.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

namespace cachekit::net {

/// How often one command has been sent elsewhere, or again.
class Reroutes {
 public:
  /// Whether a verdict may be followed, which counts. Errors: of the command, where it may not.
  /// Requires: it is not to be delivered. May throw `std::bad_alloc`.
  [[nodiscard]] Result<void> allow(const Verdict& verdict, const Node& asked, Deadline deadline);
  [[nodiscard]] int retries() const noexcept { return retries_; }

 private:
  int redirects_ = 0;
  int retries_ = 0;
};

/// Whether a router has to judge what came of a command: it was not carried out, by its node's word
/// or because there was no way to it. (What was sent and lost is `outcome_unknown`.)
[[nodiscard]] inline bool was_refused(const Request& request, std::size_t command,
                                      const Result<void>& outcome) noexcept {
  return outcome ? request.refused(command) : outcome.error().code == Errc::unavailable;
}

/// What is to become of it, within its limits; `attempt.retries` is filled in. Errors: what it
/// fails with, where it may not be sent again. Requires: `was_refused`.
[[nodiscard]] Result<Verdict> judge(Router& router, Attempt attempt, Reroutes& reroutes,
                                    Deadline deadline) noexcept;

}  // namespace cachekit::net
