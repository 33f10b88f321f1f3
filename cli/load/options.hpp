#pragma once

#include "load/distribution.hpp"

#include <cachekit/error.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/units.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::cli {

/// The sizes of values, each as likely as the other.
struct SizeRange {
  std::size_t least = 128;
  std::size_t most = 128;
};

/// So many gets to so many sets.
struct Ratio {
  std::uint32_t gets = 9;
  std::uint32_t sets = 1;
};

/// A bound of the memory backend, in bytes or in entries.
struct Capacity {
  std::optional<Bytes> bytes{};
  std::optional<std::uint64_t> items{};
};

struct BenchOptions {
  std::chrono::milliseconds duration = std::chrono::seconds(10);
  std::optional<std::uint64_t> requests{};  ///< Instead of a duration, all callers together.
  std::size_t threads = 1;
  std::uint64_t keys = 100'000;
  SizeRange value_size{};
  Ratio ratio{};
  Distribution distribution{};
  std::uint64_t seed = 1;
  std::chrono::milliseconds warmup = std::chrono::seconds(1);
  std::optional<std::size_t> pool_size{};  ///< Else the profile's.
  std::optional<Capacity> capacity{};      ///< Of the memory backend; else the profile's.
  std::optional<EvictionPolicy> policy{};  ///< The same.
  bool verify = false;
};

/// Reads "128", "1KiB" or "64-1024".
[[nodiscard]] Result<SizeRange> parse_size_range(std::string_view text);
[[nodiscard]] std::string to_string(const SizeRange& range);

/// Reads "64MiB" or "1000items".
[[nodiscard]] Result<Capacity> parse_capacity(std::string_view text);
[[nodiscard]] std::string to_string(const Capacity& capacity);

/// Reads "9:1", gets to sets; one side may be 0.
[[nodiscard]] Result<Ratio> parse_ratio(std::string_view text);
[[nodiscard]] std::string to_string(const Ratio& ratio);

/// Checks what no single option can tell.
/// Errors: `invalid_argument`, naming the option.
[[nodiscard]] Result<void> validate(const BenchOptions& options);

/// The same bench once for each value of one option.
struct Sweep {
  std::string name{};
  std::vector<std::uint64_t> values{};
};

/// Reads "pool-size=1,4,16"; also threads, keys, value-size.
/// Errors: `invalid_argument` for another name or anything but whole numbers above 0.
[[nodiscard]] Result<Sweep> parse_sweep(std::string_view text);
/// Requires: a name that `parse_sweep` let through.
void apply(BenchOptions& options, std::string_view name, std::uint64_t value);

}  // namespace cachekit::cli
