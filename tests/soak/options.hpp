#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace cachekit::soak {

/// What a run is to do; the same seed gives the same calls and faults, in another interleaving.
struct Options {
  std::string backend = "redis";
  std::uint64_t operations = 1'000'000;
  unsigned threads = 16;
  std::uint64_t seed = 1;
  std::chrono::milliseconds budget{100};  ///< Of most calls; some get a tenth or 3 ms.
  /// How much later than its budget + 10 % a call may come back, for the sake of the machine.
  std::chrono::milliseconds grace{10};
};

inline constexpr const char* usage =
    "usage: cachekit_soak [--backend redis|memcached] [--operations N] [--threads N] [--seed N]\n"
    "                     [--budget MILLISECONDS] [--grace MILLISECONDS]\n";

/// Empty when the arguments make no sense.
[[nodiscard]] std::optional<Options> parse_options(int argc, char** argv);

}  // namespace cachekit::soak
