#include "load/options.hpp"

#include "load/value_stamp.hpp"

#include <cachekit/units.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t most_threads = 4096;
constexpr std::uint64_t most_keys = 1'000'000'000;
constexpr std::size_t most_value_bytes = std::size_t{512} << 20U;

struct SweepTarget {
  std::string_view name;
  void (*set)(BenchOptions& options, std::uint64_t value);
};

constexpr std::array<SweepTarget, 4> sweep_targets{{
    {"pool-size", [](BenchOptions& o, std::uint64_t v) { o.pool_size = v; }},
    {"threads", [](BenchOptions& o, std::uint64_t v) { o.threads = v; }},
    {"keys", [](BenchOptions& o, std::uint64_t v) { o.keys = v; }},
    {"value-size",
     [](BenchOptions& o, std::uint64_t v) {
       o.value_size = {v, v};
     }},
}};

template <typename Number>
bool read_whole(std::string_view text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stopped == end;
}

tl::unexpected<Error> refuse(std::string message) {
  return fail(Errc::invalid_argument, std::move(message));
}

}  // namespace

Result<SizeRange> parse_size_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const Result<Bytes> least = parse_bytes(text.substr(0, dash));
  const Result<Bytes> most =
      dash == std::string_view::npos ? least : parse_bytes(text.substr(dash + 1));
  if (!least || !most || least->count > most->count || most->count > most_value_bytes) {
    return refuse(fmt::format(
        "'{}' is not a value size: expected bytes such as 128 or 1KiB, or a range such as 64-1024, "
        "up to 512MiB",
        text));
  }
  return SizeRange{least->count, most->count};
}

std::string to_string(const SizeRange& range) {
  return range.least == range.most ? fmt::format("{}", range.least)
                                   : fmt::format("{}-{}", range.least, range.most);
}

Result<Capacity> parse_capacity(std::string_view text) {
  constexpr std::string_view unit = "items";
  Capacity capacity;
  if (text.ends_with(unit)) {
    std::uint64_t items = 0;
    if (read_whole(text.substr(0, text.size() - unit.size()), items) && items > 0) {
      capacity.items = items;
      return capacity;
    }
  } else if (std::uint64_t number = 0; read_whole(text, number)) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is a number without a unit: of bytes or of entries?", text), {},
                fmt::format("write {0}items, {0}B or {0}MiB", text));
  } else if (const Result<Bytes> bytes = parse_bytes(text); bytes && bytes->count > 0) {
    capacity.bytes = *bytes;
    return capacity;
  }
  return refuse(
      fmt::format("'{}' is not a capacity: expected a size such as 64MiB, or 1000items", text));
}

std::string to_string(const Capacity& capacity) {
  return capacity.items ? fmt::format("{}items", *capacity.items) : format_bytes(*capacity.bytes);
}

Result<Ratio> parse_ratio(std::string_view text) {
  const std::size_t colon = text.find(':');
  Ratio ratio;
  if (colon == std::string_view::npos || !read_whole(text.substr(0, colon), ratio.gets) ||
      !read_whole(text.substr(colon + 1), ratio.sets) || ratio.gets > 1'000'000 ||
      ratio.sets > 1'000'000 || ratio.gets + ratio.sets == 0) {
    return refuse(fmt::format("'{}' is not a ratio: expected gets:sets, such as 9:1", text));
  }
  return ratio;
}

std::string to_string(const Ratio& ratio) { return fmt::format("{}:{}", ratio.gets, ratio.sets); }

Result<void> validate(const BenchOptions& options) {
  if (options.threads < 1 || options.threads > most_threads) {
    return refuse(
        fmt::format("--threads: {} is not within 1 and {}", options.threads, most_threads));
  }
  if (options.keys < 1 || options.keys > most_keys) {
    return refuse(fmt::format("--keys: {} is not within 1 and {}", options.keys, most_keys));
  }
  if (options.distribution.kind == Distribution::Kind::trace && options.threads > 1) {
    return refuse("--threads: a trace is replayed in its order, by one caller");
  }
  if (options.duration < std::chrono::milliseconds(1)) return refuse("--duration: 0 is no time");
  if (options.requests && *options.requests == 0) return refuse("--requests: 0 is nothing to do");
  if (options.pool_size && *options.pool_size == 0)
    return refuse("--pool-size: 0 is no connection");
  if (options.verify && options.value_size.least < stamp_bytes) {
    return refuse(fmt::format("--verify: a value needs {} bytes for its stamp, not {}", stamp_bytes,
                              options.value_size.least));
  }
  return {};
}

Result<Sweep> parse_sweep(std::string_view text) {
  const auto wrong = [&] {
    return refuse(fmt::format(
        "'{}' is not a sweep: expected pool-size, threads, keys or value-size with whole numbers "
        "above 0, such as pool-size=1,4,16",
        text));
  };
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return wrong();
  Sweep sweep{std::string(text.substr(0, equals)), {}};
  if (std::ranges::find(sweep_targets, sweep.name, &SweepTarget::name) == sweep_targets.end()) {
    return wrong();
  }
  std::string_view rest = text.substr(equals + 1);
  while (true) {
    const std::size_t comma = rest.find(',');
    std::uint64_t value = 0;
    if (!read_whole(rest.substr(0, comma), value) || value == 0) return wrong();
    sweep.values.push_back(value);
    if (comma == std::string_view::npos) return sweep;
    rest.remove_prefix(comma + 1);
  }
}

void apply(BenchOptions& options, std::string_view name, std::uint64_t value) {
  std::ranges::find(sweep_targets, name, &SweepTarget::name)->set(options, value);
}

}  // namespace cachekit::cli
