#include "harness/cpu_time.hpp"

#include <sys/resource.h>

namespace cachekit::bench {
namespace {

double microseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

}  // namespace

double cpu_time_us(CpuOf whom) {
  rusage usage{};
  ::getrusage(whom == CpuOf::children ? RUSAGE_CHILDREN : RUSAGE_SELF, &usage);
  return microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
}

}  // namespace cachekit::bench
