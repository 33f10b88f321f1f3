#pragma once

#include <cachekit/ttl.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace cachekit {

/// Whether a caller is to refresh an entry that has not expired yet: the dearer the load and the
/// nearer the end, the likelier. Each caller decides for itself, by its own `draw`, and of all that
/// there are in a fleet about one does it, early enough to be done by the end.
///
/// "XFetch" of Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede
/// Prevention" (VLDB 2015): at `-load_cost * eagerness * log(draw)` before the end.
///
/// Requires: 0 < draw <= 1.
[[nodiscard]] bool is_due(std::chrono::milliseconds remaining, std::chrono::microseconds load_cost,
                          double eagerness, double draw) noexcept;

/// A TTL that is shorter by up to `part` of it, so that what was stored together does not expire
/// together. At least a millisecond; what does not expire stays so.
/// Requires: 0 <= draw <= 1.
[[nodiscard]] Ttl jittered(Ttl ttl, double part, double draw) noexcept;

/// How long the backend keeps what is good for `ttl`, and then stale for a while.
[[nodiscard]] Ttl kept_for(Ttl ttl, std::chrono::milliseconds stale_for) noexcept;

/// Random numbers above 0 and up to 1. Threads: any. Cost: an atomic addition.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) noexcept : state_(seed) {}
  [[nodiscard]] double next() noexcept;

 private:
  std::atomic<std::uint64_t> state_;
};

}  // namespace cachekit
