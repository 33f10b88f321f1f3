#pragma once

#include <sys/resource.h>
#include <sys/time.h>

namespace cachekit::cli {

/// User and system time of this process so far, all threads.
[[nodiscard]] inline double process_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace cachekit::cli
