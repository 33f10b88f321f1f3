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

constexpr std::size_t removed_at_once = 500;
constexpr auto removal_budget = std::chrono::seconds(10);

Result<void> remove_all(CacheBackend& backend, const std::vector<std::string>& keys,
                        std::chrono::milliseconds budget) {
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  for (const Result<bool>& removed : backend.remove_many(views, {budget})) {
    if (!removed && removed.error().code != Errc::invalid_argument) return fail(removed.error());
  }
  return {};
}

// Of the first `count` keys of the trace, in a second pass: keys that come again are removed again,
// which costs less than remembering all.
Result<void> remove_stored(const BenchShared& shared, const TraceFile& file, std::uint64_t count) {
  Result<TraceReader> trace = TraceReader::open(file, [] { return false; });
  if (!trace) return fail(std::move(trace).error());
  std::string name;
  std::vector<std::string> keys;
  Cleanup cleanup(shared.interrupted);
  cleanup.look_at(shared.backend);
  std::uint64_t taken = 0;
  for (bool more = true; more;) {
    if (cleanup.is_over()) {
      Error why = cleanup.why_over();
      why.message += fmt::format(", with the last {} of {} requests yet to be tidied up",
                                 count - taken + keys.size(), count);
      return fail(std::move(why));
    }
    more = taken < count;
    if (more) {
      const Result<bool> read = trace->next(name);
      if (!read) return fail(read.error());
      more = *read;
    }
    taken += more ? 1 : 0;
    if (more) shared.keys.named(name, keys.emplace_back());
    if (keys.size() < cleanup.keys_at_once(removed_at_once, count - taken) && more) continue;
    cleanup.run([&](auto budget) { return remove_all(shared.backend, keys, budget); },
                removal_budget);
    keys.clear();
  }
  return cleanup.outcome();
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
