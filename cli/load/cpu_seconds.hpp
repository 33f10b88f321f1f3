#pragma once

#include <cstdint>

#include <sys/resource.h>
#include <sys/time.h>

namespace cachekit::cli {

enum class CpuOf : std::uint8_t {
  this_process,  ///< All its threads, the library's own ones included.
  children,      ///< Processes that it has waited for.
};

/// User and system time so far.
[[nodiscard]] inline double cpu_seconds(CpuOf whom = CpuOf::this_process) {
  rusage usage{};
  ::getrusage(whom == CpuOf::children ? RUSAGE_CHILDREN : RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace cachekit::cli
