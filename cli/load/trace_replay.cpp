#include "load/trace_replay.hpp"

#include "core/posix_file.hpp"
#include "load/cleanup.hpp"
#include "load/cpu_seconds.hpp"
#include "load/summary.hpp"
#include "load/trace_reader.hpp"
#include "load/worker.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// Of the first `count` keys of the trace, in a second pass: keys that come again are removed again,
// which costs less than remembering all.
Result<void> remove_stored(const BenchShared& shared, const TraceFile& file, std::uint64_t count) {
  Result<TraceReader> trace = TraceReader::open(file, [] { return false; });
  if (!trace) return fail(std::move(trace).error());
  const auto next = [&](std::uint64_t most) -> Result<std::vector<std::string>> {
    std::vector<std::string> keys;
    for (std::string name; keys.size() < most;) {
      const Result<bool> read = trace->next(name);
      if (!read) return fail(read.error());
      if (!*read) break;
      shared.keys.named(name, keys.emplace_back());
    }
    return keys;
  };
  return Cleanup(shared.backend, shared.interrupted)
      .remove_all(count, "with the last {} of {} requests yet to be tidied up", next);
}

}  // namespace

Result<BenchReport> replay_trace(CacheBackend& backend, const BenchOptions& options,
                                 const std::function<bool()>& interrupted,
                                 const BenchProgress& progress) {
  const std::string& path = options.distribution.trace;
  progress("reading", 0);
  // Held open: whatever takes its place meanwhile, what was stored is what is removed.
  const Result<core::File> held = core::File::open(path, O_RDONLY | O_NONBLOCK);
  const TraceFile file{path, held ? fmt::format("/proc/self/fd/{}", held->descriptor()) : path};
  const Result<std::uint64_t> count = count_keys(file, interrupted);
  if (!count) return fail(count.error());
  Result<TraceReader> trace = TraceReader::open(file, [] { return false; });
  if (!trace) return fail(std::move(trace).error());

  const KeySpace keys(draw_run());
  const BenchShared shared{backend, options, keys, spare_life, interrupted};
  BenchWorker worker(shared, 0);
  const auto start = BenchWorker::steady::now();
  const double cpu_before = cpu_seconds();
  const Result<void> replayed = worker.replay(*trace, *count, start, progress);
  const BenchFigures figures{
      .seconds = std::chrono::duration<double>(BenchWorker::steady::now() - start).count(),
      .cpu_seconds = cpu_seconds() - cpu_before};
  Result<void> removed;
  if (backend.tier() != Tier::in_process && worker.may_have_stored()) {
    progress("removing", 0);
    removed = remove_stored(shared, file, worker.replayed());
  }
  if (!replayed) return fail(replayed.error());

  const BenchWorker* const workers[] = {&worker};
  BenchReport report = summarise(workers, figures, options.verify);
  report.interrupted = interrupted();
  if (!removed) report.leftover = removed.error().describe();
  return report;
}

}  // namespace cachekit::cli
