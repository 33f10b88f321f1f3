#pragma once

#include "net/mux/async_request.hpp"

namespace cachekit::net {

/// A request that takes the way of the asynchronous ones while its caller waits for it, on whose
/// stack it lies. Requires: started, and waited for to its end.
class CallerRequest final : public AsyncRequest {
 public:
  CallerRequest(Request& request, Deadline deadline) noexcept
      : AsyncRequest(request, deadline, Owner::caller) {}

 private:
  void hold() noexcept override {}
  void release_self() noexcept override {}
  void conclude() noexcept override {}
  void announce() noexcept override {}
};

}  // namespace cachekit::net
