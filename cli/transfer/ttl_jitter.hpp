#pragma once

#include <cachekit/error.hpp>
#include <cachekit/ttl.hpp>

#include <chrono>
#include <cstdint>
#include <random>
#include <string_view>

namespace cachekit::cli {

/// How much of a TTL is left to chance, so that what was loaded together does not expire together:
/// a fraction of each TTL, or a duration. It only ever shortens: no entry outlives its TTL.
struct Jitter {
  double fraction = 0;
  std::chrono::milliseconds duration{0};
};

/// Reads "0.1", "10%" or "30s".
/// Errors: `invalid_argument` for anything else, and for a fraction above 1.
[[nodiscard]] Result<Jitter> parse_jitter(std::string_view text);

class TtlJitter {
 public:
  TtlJitter(Jitter jitter, std::uint64_t seed) : jitter_(jitter), random_(seed) {}

  /// The TTL less a random part; never under 1 ms. No expiry stays no expiry.
  [[nodiscard]] Ttl apply(const Ttl& ttl);

 private:
  Jitter jitter_;
  std::mt19937_64 random_;
};

}  // namespace cachekit::cli
