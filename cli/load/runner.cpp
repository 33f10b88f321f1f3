#include "load/runner.hpp"

#include "load/cpu_seconds.hpp"
#include "load/key_filler.hpp"
#include "load/summary.hpp"
#include "load/trace_replay.hpp"
#include "load/worker.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

using steady = SteadyClock;
using Threads = std::vector<std::unique_ptr<Runtime::Thread>>;

// All callers at work together: they warm up, meet, and start measuring at one moment.
class Crew {
 public:
  explicit Crew(const BenchShared& shared) : shared_(shared) {
    for (std::size_t i = 0; i < shared.options.threads; ++i) {
      workers_.push_back(std::make_unique<BenchWorker>(shared, i));
    }
  }

  Result<void> work(const BenchProgress& progress) {
    std::barrier meet(static_cast<std::ptrdiff_t>(workers_.size()) + 1);
    Threads threads;
    if (!start(threads, meet)) {
      return fail(
          Errc::rejected,
          fmt::format("only {} of {} threads could be started", threads.size(), workers_.size()),
          {},
          "lower --threads, or raise the limits on processes (ulimit -u) and memory (ulimit -v)");
    }
    progress("warming up", 0);
    meet.arrive_and_wait();
    start_ = steady::now();
    const double cpu_before = cpu_seconds();
    meet.arrive_and_wait();
    watch(progress);
    figures_.seconds = std::chrono::duration<double>(steady::now() - start_).count();
    figures_.cpu_seconds = cpu_seconds() - cpu_before;
    return {};
  }

  [[nodiscard]] bool may_have_stored() const {
    return std::ranges::any_of(workers_,
                               [](const auto& worker) { return worker->may_have_stored(); });
  }

  [[nodiscard]] BenchReport report() const {
    std::vector<const BenchWorker*> workers;
    for (const auto& worker : workers_) workers.push_back(worker.get());
    return summarise(workers, figures_, shared_.options.verify);
  }

 private:
  // False when the system gave fewer threads than asked for; those there are end at once.
  bool start(Threads& threads, std::barrier<>& meet) {
    for (const auto& worker : workers_) {
      try {
        threads.push_back(
            Runtime::current().start([this, &meet, &worker = *worker] { run(worker, meet); }));
      } catch (const std::system_error&) {
        aborted_ = true;
        for (std::size_t i = threads.size(); i < workers_.size(); ++i) meet.arrive_and_drop();
        meet.arrive_and_drop();
        return false;
      }
    }
    return true;
  }

  void run(BenchWorker& worker, std::barrier<>& meet) {
    if (!aborted_) worker.warm_up();
    meet.arrive_and_wait();  // Now the start is set
    if (aborted_) return;
    meet.arrive_and_wait();  // and may be read.
    worker.measure(start_);
    const std::lock_guard lock(mutex_);
    ++finished_;
    all_finished_.notify_one();
  }

  // Reports until the last caller is done, and returns at that moment.
  void watch(const BenchProgress& progress) {
    const double whole = std::chrono::duration<double>(shared_.options.duration).count();
    const auto done = [this] { return finished_ == workers_.size(); };
    std::unique_lock lock(mutex_);
    while (!all_finished_.wait_for(lock, std::chrono::milliseconds(100), done)) {
      const double passed = std::chrono::duration<double>(steady::now() - start_).count();
      progress("measuring", shared_.options.requests ? 0 : passed / whole);
    }
  }

  const BenchShared& shared_;
  std::vector<std::unique_ptr<BenchWorker>> workers_;
  steady::time_point start_;  // Written before, read after all have met.
  std::atomic<bool> aborted_{false};
  std::mutex mutex_;  // guards finished_
  std::condition_variable all_finished_;
  std::size_t finished_ = 0;
  BenchFigures figures_;
};

// Removes the keys of a run that cannot go on, and says with its reason if that fails too.
Error tidied(const BenchShared& shared, std::uint64_t written, Error why) {
  if (!remove_keys(shared, written)) {
    why.message += "; the keys written so far were left behind, and expire by themselves";
  }
  return why;
}

}  // namespace

Result<BenchReport> run_bench(CacheBackend& backend, const BenchOptions& options,
                              const std::function<bool()>& interrupted,
                              const BenchProgress& progress) {
  if (options.distribution.kind == Distribution::Kind::trace) {
    return replay_trace(backend, options, interrupted, progress);
  }
  const KeySpace keys(draw_run());
  const auto expected = options.requests ? std::chrono::milliseconds(0) : options.duration;
  const BenchShared shared{backend, options, keys, spare_life + expected + options.warmup,
                           interrupted};

  const auto fill_start = steady::now();
  std::uint64_t written = 0;  // Keys from the first one that the servers may have.
  Result<void> filled;
  if (options.ratio.gets > 0) {
    filled = fill_keys(shared, written, [&](double part) { progress("filling", part); });
  }
  const std::chrono::duration<double> fill_time = steady::now() - fill_start;
  if (!filled && !interrupted()) return fail(tidied(shared, written, std::move(filled).error()));
  const std::uint64_t preloaded = written;

  Crew crew(shared);
  Result<void> worked = crew.work(progress);
  if (crew.may_have_stored()) written = options.keys;
  if (!worked) {
    return fail(tidied(shared, written, std::move(worked).error()));
  }
  BenchReport report = crew.report();
  report.preloaded = preloaded;
  report.preload_seconds = fill_time.count();
  if (const Result<void> removed = remove_keys(shared, written); !removed) {
    report.leftover = removed.error().describe();
  }
  report.interrupted = interrupted();
  return report;
}

}  // namespace cachekit::cli
