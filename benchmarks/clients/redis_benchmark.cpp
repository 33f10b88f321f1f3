#include "clients/redis_benchmark.hpp"

#include "harness/failure.hpp"
#include "load/cpu_seconds.hpp"
#include "support/child_process.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace cachekit::bench {
namespace {

std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw BenchFailure("cannot run " + command);
  std::string output;
  std::array<char, 4096> part{};
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), pipe)) {
    output.append(part.data(), count);
  }
  if (::pclose(pipe) != 0) throw BenchFailure(command + " failed:\n" + output);
  return output;
}

// The last line is "GET","123456.78",...
double requests_per_second(const std::string& csv) {
  constexpr std::string_view head = "\"GET\",\"";
  const auto line = csv.rfind(head);
  if (line == std::string::npos) throw BenchFailure("unexpected output:\n" + csv);
  return std::strtod(csv.c_str() + line + head.size(), nullptr);
}

}  // namespace

RedisBenchmark::RedisBenchmark(std::uint16_t port, std::string options)
    : command_(fmt::format("exec '{}' -h 127.0.0.1 -p {} {} --csv",
                           test::find_program("redis-benchmark", "redis-tools"), port,
                           std::move(options))) {}

Sample RedisBenchmark::run(Seconds slot) {
  const auto count = static_cast<std::uint64_t>(std::max(10'000.0, per_second_ * slot.count()));
  const double cpu_before = cli::cpu_seconds(cli::CpuOf::children);
  per_second_ = requests_per_second(output_of(fmt::format("{} -n {}", command_, count)));
  const double cpu = 1e6 * (cli::cpu_seconds(cli::CpuOf::children) - cpu_before);
  return {.figure = per_second_, .cpu_us_per_op = cpu / static_cast<double>(count)};
}

}  // namespace cachekit::bench
