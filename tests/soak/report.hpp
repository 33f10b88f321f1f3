#pragma once

#include "machine.hpp"
#include "options.hpp"
#include "tally.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cachekit::soak {

/// What belongs to the process as a whole.
struct Process {
  double seconds = 0;
  std::size_t descriptors_at_begin = 0;
  std::size_t descriptors_at_end = 0;
  std::size_t most_descriptors = 0;  ///< Seen between faults.
  std::size_t descriptor_bound = 0;  ///< More than this between faults is a leak.
  std::uint64_t resident_at_begin = 0;
  std::uint64_t resident_at_end = 0;
  std::size_t connections = 0;
  std::vector<std::pair<std::string, std::uint64_t>> faults{};
};

/// Prints the figures and what was violated; false when anything was.
[[nodiscard]] bool report(const Options& options, const Tally& tally, const MachineWatch& machine,
                          const Process& process);

}  // namespace cachekit::soak
