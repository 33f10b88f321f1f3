#pragma once

#include "bench/bench_options.hpp"
#include "bench/gate.hpp"

#include <cachekit/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cachekit::cli {

/// The arguments of `bench`, as they were typed.
struct BenchArguments {
  std::string duration = "10s";
  std::optional<std::uint64_t> requests{};
  std::uint64_t threads = 1;
  std::uint64_t keys = 100'000;
  std::string value_size = "128";
  std::string ratio = "9:1";
  std::string distribution = "uniform";
  std::uint64_t seed = 1;
  std::string warmup = "1s";
  std::optional<std::uint64_t> pool_size{};
  bool verify = false;
  std::string sweep{};
  std::vector<std::string> fail_if{};
};

/// What they mean.
struct BenchPlan {
  BenchOptions options{};
  std::optional<Sweep> sweep{};
  std::vector<Gate> gates{};

  /// The options of each run: one, or one for each value of the sweep.
  [[nodiscard]] std::vector<BenchOptions> runs() const;
};

/// Adds the options of `bench`. Lifetime: the arguments outlive the parsing.
void add_options(CLI::App& app, BenchArguments& arguments);

/// Errors: `invalid_argument`, naming the option.
[[nodiscard]] Result<BenchPlan> to_plan(const BenchArguments& arguments);

}  // namespace cachekit::cli
