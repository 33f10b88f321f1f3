#pragma once

#include "load/distribution.hpp"
#include "load/key_space.hpp"
#include "load/options.hpp"
#include "load/random.hpp"
#include "load/report.hpp"
#include "load/trace_reader.hpp"
#include "load/value_stamp.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/histogram.hpp>
#include <cachekit/steady_clock.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace cachekit::cli {

inline constexpr std::size_t bench_slices = 10;
/// Long enough for a run that was not told how long it takes; whatever is left behind goes then.
inline constexpr std::chrono::hours spare_life{1};

/// What all callers of a run share.
struct BenchShared {
  CacheBackend& backend;
  const BenchOptions& options;
  const KeySpace& keys;
  std::chrono::milliseconds ttl;
  std::function<bool()> interrupted;
};

/// Tells what the run is at, about ten times a second: "filling", "warming up", "measuring".
using BenchProgress = std::function<void(std::string_view phase, double part)>;

struct OperationTally {
  Histogram latency{};
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  std::uint64_t hits = 0;
};

struct SliceTally {
  Histogram latency{};
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  std::chrono::nanoseconds begin{0};  // From the start of the measurement.
  std::chrono::nanoseconds end{0};
};

/// One caller's figures; some 120 KiB.
struct WorkerTally {
  OperationTally gets{};
  OperationTally sets{};
  std::array<SliceTally, bench_slices> slices{};
  std::map<Errc, FailureReport> failures{};
};

/// One caller in a closed loop: it asks, waits for the answer, and asks again.
///
/// Threads: each worker belongs to one thread; the tally is read when that thread is over.
class BenchWorker {
 public:
  using steady = SteadyClock;

  /// Lifetime: `shared` outlives this object.
  BenchWorker(const BenchShared& shared, std::size_t index);

  /// Asks without counting, except for wrong answers.
  void warm_up();
  /// Counts from `start`, for the run's duration or this caller's share of its requests.
  void measure(steady::time_point start);

  /// Replays a trace of `count` keys once: a get, and a set where that missed. Ends early when
  /// interrupted. Errors: those of the trace.
  [[nodiscard]] Result<void> replay(TraceReader& trace, std::uint64_t count,
                                    steady::time_point start, const BenchProgress& progress);

  /// How many keys of the trace have been asked for.
  [[nodiscard]] std::uint64_t replayed() const noexcept { return done_; }
  [[nodiscard]] const WorkerTally& tally() const noexcept { return *tally_; }
  /// Whether any value that it wrote may be there.
  [[nodiscard]] bool may_have_stored() const noexcept { return may_have_stored_; }
  [[nodiscard]] std::uint64_t wrong_answers() const noexcept { return wrong_answers_; }

 private:
  steady::time_point step(SliceTally& slice);
  // The number is what a value's stamp says; gives whether it was there.
  bool get(std::string_view name, std::uint64_t key, SliceTally& slice);
  void set(std::string_view name, std::uint64_t key, SliceTally& slice);
  void record(OperationTally& operation, SliceTally& slice, const Error* error,
              std::chrono::nanoseconds latency);
  [[nodiscard]] bool slice_is_over(std::size_t slice, steady::time_point start,
                                   steady::time_point now) const;

  const BenchShared& shared_;
  Random random_;
  KeyPicker picker_;
  ValueStamp stamp_;
  std::uint64_t share_;  // Of the requests, where they are counted.
  std::uint64_t done_ = 0;
  std::uint64_t sequence_;
  std::uint64_t wrong_answers_ = 0;
  bool may_have_stored_ = false;
  std::string key_buffer_;
  steady::time_point last_{};  // When the last operation ended.
  std::string value_buffer_;
  std::unique_ptr<WorkerTally> tally_;
};

}  // namespace cachekit::cli
