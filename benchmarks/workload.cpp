#include "workload.hpp"

namespace cachekit::bench {

double latency_us(const std::vector<LatencyLog>& logs, double quantile) {
  std::vector<double> all;
  for (const LatencyLog& log : logs) log.append_to(all);
  return all.empty() ? 0 : bench::quantile(std::move(all), quantile) / 1000;
}

}  // namespace cachekit::bench
