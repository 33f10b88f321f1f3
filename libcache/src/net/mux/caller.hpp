#pragma once

#include "net/mux/combiner.hpp"
#include "net/mux/waiter.hpp"

#include <cachekit/deadline.hpp>

#include <optional>

namespace cachekit::net {

/// A thread that waits for its own request on a shared connection: it follows another one that
/// leads, or leads. Threads: that one.
///
/// While the leader waits for the peer, newcomers do not write at once: the leader will take along
/// what they queued, in one system call, and that is what makes batches. The first of them has
/// patience with it for a moment and then writes itself, so on a slow network nothing waits for a
/// round trip of somebody else.
class Caller {
 public:
  Caller(Combiner& combiner, BlockingWaiter& blocking) noexcept
      : combiner_(combiner), connection_(combiner.connection_), blocking_(blocking) {}

  /// Until it is settled, or `until`: yields, parks, leads when it is promoted. `patient`: its
  /// request is the first of those that are to be sent.
  void follow(bool patient, Deadline until) noexcept;
  /// Until it is settled, or `until`; then hands the lead on. `begun`: when the caller began a
  /// batch, which it has yet to send. Requires: it has the lead.
  void lead(Deadline until,
            std::optional<Deadline::clock::time_point> begun = std::nullopt) noexcept;
  /// It cannot be promoted any more; where it has been, it hands that on.
  void leave() noexcept;

 private:
  [[nodiscard]] Leadership::Yielded yield_before_parking() noexcept;
  [[nodiscard]] bool give_up() noexcept;

  Combiner& combiner_;
  SharedConnection& connection_;
  BlockingWaiter& blocking_;
};

}  // namespace cachekit::net
