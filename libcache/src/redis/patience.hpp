#pragma once

#include "net/backoff.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <string_view>

namespace cachekit::redis {

/// Whether a server says by an error that it has not executed the command, and will in a moment: it
/// reads its data set, has lost its master, or a slot of its cluster is on its way.
[[nodiscard]] bool passes_soon(const Error& error) noexcept;

/// How long a caller goes on to ask a server that is there and cannot serve yet: within his budget,
/// with a random pause that grows. What was refused so can be asked again, writes as well.
class Patience {
 public:
  explicit Patience(Deadline deadline) noexcept : deadline_(deadline) {}

  /// Whether to ask once more after this error; waits for the moment to do so.
  [[nodiscard]] bool again_after(const Error& error);

 private:
  Deadline deadline_;
  net::Backoff backoff_{};
};

}  // namespace cachekit::redis
