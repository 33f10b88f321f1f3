#include "load/summary.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>

namespace cachekit::cli {
namespace {

double per_second(std::uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

OperationReport report_of(std::string name, std::span<const BenchWorker* const> workers,
                          OperationTally WorkerTally::*operation, double seconds) {
  OperationReport report;
  report.operation = std::move(name);
  const auto latency = std::make_unique<Histogram>();
  std::uint64_t hits = 0;
  for (const BenchWorker* worker : workers) {
    const OperationTally& tally = worker->tally().*operation;
    latency->merge(tally.latency);
    report.count += tally.count;
    report.errors += tally.errors;
    hits += tally.hits;
  }
  report.throughput = per_second(report.count - report.errors, seconds);
  report.latency = summarise(*latency);
  if (report.operation == "get") {
    report.hits = hits;
    report.misses = report.count - report.errors - hits;
  }
  return report;
}

// Callers end a slice each at their own moment, so its length is their mean.
SliceReport slice_of(std::span<const BenchWorker* const> workers, std::size_t index) {
  SliceReport report;
  const auto latency = std::make_unique<Histogram>();
  for (const BenchWorker* worker : workers) {
    const SliceTally& tally = worker->tally().slices[index];
    latency->merge(tally.latency);
    report.count += tally.count;
    report.errors += tally.errors;
    report.start += std::chrono::duration<double>(tally.begin).count();
    report.seconds += std::chrono::duration<double>(tally.end - tally.begin).count();
  }
  const auto callers = static_cast<double>(workers.size());
  report.start /= callers;
  report.seconds /= callers;
  report.throughput = per_second(report.count - report.errors, report.seconds);
  report.latency = summarise(*latency);
  return report;
}

std::vector<FailureReport> failures_of(std::span<const BenchWorker* const> workers) {
  std::map<Errc, FailureReport> merged;
  for (const BenchWorker* worker : workers) {
    for (const auto& [code, failure] : worker->tally().failures) {
      const auto [report, is_new] = merged.try_emplace(code, failure);
      if (!is_new) report->second.count += failure.count;
    }
  }
  std::vector<FailureReport> reports;
  reports.reserve(merged.size());
  for (auto& [code, report] : merged) reports.push_back(std::move(report));
  return reports;
}

}  // namespace

BenchReport summarise(std::span<const BenchWorker* const> workers, const BenchFigures& figures,
                      bool verify) {
  BenchReport report;
  report.seconds = figures.seconds;
  report.cpu_seconds = figures.cpu_seconds;
  for (auto operation : {report_of("get", workers, &WorkerTally::gets, figures.seconds),
                         report_of("set", workers, &WorkerTally::sets, figures.seconds)}) {
    report.count += operation.count;
    report.errors += operation.errors;
    if (operation.count > 0) report.operations.push_back(std::move(operation));
  }
  report.throughput = per_second(report.count - report.errors, report.seconds);
  for (const OperationReport& operation : report.operations) {
    const std::uint64_t lookups = operation.hits.value_or(0) + operation.misses.value_or(0);
    if (lookups > 0) {
      report.hit_ratio = static_cast<double>(*operation.hits) / static_cast<double>(lookups);
    }
  }
  if (verify) {
    std::uint64_t wrong = 0;
    for (const BenchWorker* worker : workers) wrong += worker->wrong_answers();
    report.wrong_answers = wrong;
  }
  for (std::size_t i = 0; i < bench_slices; ++i) {
    const SliceReport slice = slice_of(workers, i);
    if (slice.count > 0) report.slices.push_back(slice);
  }
  report.failures = failures_of(workers);
  return report;
}

}  // namespace cachekit::cli
