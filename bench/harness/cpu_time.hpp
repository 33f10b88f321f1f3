#pragma once

#include <cstdint>

namespace cachekit::bench {

enum class CpuOf : std::uint8_t {
  this_process,  ///< All its threads, the library's own ones included.
  children,      ///< Processes that it has waited for.
};

/// User and system time so far, in microseconds.
[[nodiscard]] double cpu_time_us(CpuOf whom = CpuOf::this_process);

}  // namespace cachekit::bench
