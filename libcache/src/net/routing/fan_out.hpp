#pragma once

#include "core/internal.hpp"
#include "net/mux/caller_request.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace cachekit::net {

class Channel;

/// Requests of one caller under way on several channels. Each takes the way of an asynchronous
/// request, so that connecting and sending anew is done for it by its own node's thread; the caller
/// leads where it waits, needs no other thread for that, and can go on with one node while another
/// one hangs.
///
/// Threads: one. Lifetime: requests and channels, until their request is settled; the destructor
/// waits for those that are not.
class CACHEKIT_INTERNAL FanOut {
 public:
  /// Room for so many requests. Errors: throws `std::bad_alloc`.
  explicit FanOut(std::size_t slots) : slots_(slots) {}
  ~FanOut();
  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;

  /// Requires: nothing is under way in that slot.
  void start(std::size_t slot, Channel& channel, Request& request, Deadline deadline) noexcept;
  [[nodiscard]] bool empty() const noexcept { return under_way_ == 0; }

  struct Settled {
    std::size_t slot;
    Result<void> outcome;
  };
  /// Waits until one is settled, and frees its slot. Requires: not empty.
  [[nodiscard]] Settled wait_for_any() noexcept;

 private:
  struct Slot {
    std::optional<CallerRequest> call{};
    bool is_read_elsewhere = false;
  };

  [[nodiscard]] std::size_t await(std::chrono::milliseconds patience) noexcept;
  void leave_to_io_threads() noexcept;

  std::vector<Slot> slots_;
  std::size_t under_way_ = 0;
};

/// One request for one channel.
struct Submission {
  Channel* channel = nullptr;
  Request* request = nullptr;
};

/// Runs requests on several channels side by side. Those of one channel, which must be neighbours,
/// run one after another. One outcome each, in order; a channel that fails does not touch the
/// others.
[[nodiscard]] CACHEKIT_INTERNAL std::vector<Result<void>> execute_all(
    std::span<const Submission> submissions, Deadline deadline);

}  // namespace cachekit::net
