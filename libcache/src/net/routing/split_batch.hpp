#pragma once

#include "net/request.hpp"
#include "net/routing/node.hpp"

#include <cachekit/error.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace cachekit::net {

/// The commands of one call, each with a key, as a dispatcher wants them: it makes requests of
/// those that go to one node, and says what came of each command. A command that was refused comes
/// again in another request. Threads: one.
class SplitBatch {
 public:
  virtual ~SplitBatch() = default;

  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
  [[nodiscard]] virtual std::string_view key(std::size_t position) const noexcept = 0;
  /// About how long its commands are, for the pieces into which a large batch is cut.
  [[nodiscard]] virtual std::size_t bytes(std::size_t position) const noexcept = 0;
  /// The commands at these positions, in this order, as one request. `prelude`: as of
  /// `Request::redirected`. Lifetime: within that of the batch.
  [[nodiscard]] virtual std::unique_ptr<Request> request(std::span<const std::size_t> positions,
                                                         bool prelude) = 0;
  /// What came of the command at `position`, which was the `index`-th of a request with this
  /// outcome. One that was refused and is asked again has each refusal, and what comes of it at
  /// last.
  virtual void deliver(Request& request, std::size_t index, std::size_t position,
                       const Result<void>& outcome, const Node& node) = 0;
  /// The same for one that was not carried out.
  virtual void refuse(std::size_t position, Error error) = 0;
};

}  // namespace cachekit::net
