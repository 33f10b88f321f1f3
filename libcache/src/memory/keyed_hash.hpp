#pragma once

#include <cstdint>
#include <string_view>

namespace cachekit::memory {

/// The secret that makes hashes unpredictable: whoever chooses keys cannot make them collide.
struct HashSeed {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

/// Drawn at random once per process.
[[nodiscard]] const HashSeed& process_seed();

/// SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): the seed enters
/// before the data, so collisions cannot be prepared without knowing it.
[[nodiscard]] std::uint64_t keyed_hash(const HashSeed& seed, std::string_view data) noexcept;

}  // namespace cachekit::memory
