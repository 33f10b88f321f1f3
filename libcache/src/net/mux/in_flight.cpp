#include "net/mux/in_flight.hpp"

#include "core/out_of_memory.hpp"

#include <new>

#include <fmt/format.h>

namespace cachekit::net {

InFlightBounds::Sum InFlightBounds::sum() const noexcept {
  Sum all;
  for (std::size_t i = 0; i < places_; ++i) {
    all.requests += loads_[i]->requests.load(std::memory_order_relaxed);
    all.bytes += loads_[i]->bytes.load(std::memory_order_relaxed);
  }
  return all;
}

bool InFlightBounds::full() const noexcept {
  const Sum all = sum();
  return all.requests >= max_requests_ || all.bytes >= max_bytes_;
}

Error InFlightBounds::too_much(const std::string& endpoint) const noexcept {
  const Sum all = sum();
  try {
    return {Errc::overloaded,
            fmt::format("too much is under way: {} requests of {} allowed, {} bytes of {} allowed",
                        all.requests, max_requests_, all.bytes, max_bytes_),
            endpoint,
            "shed load, look for what keeps the server from answering, or raise max_in_flight"};
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

}  // namespace cachekit::net
