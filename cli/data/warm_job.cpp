#include "data/warm_job.hpp"

#include "data/progress_bar.hpp"
#include "data/warm_report.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr int batch_budgets = 10;

// How large the input is; 0 where that cannot be told, as for a pipe.
std::uintmax_t size_of(const std::string& path) {
  std::error_code failure;
  const std::uintmax_t size = path == "-" ? 0 : std::filesystem::file_size(path, failure);
  return failure ? 0 : size;
}

Result<void> check_checkpoint(const CacheBackend& backend, const WarmOptions& options) {
  if (options.checkpoint.empty() || backend.capabilities().persistence ||
      backend.tier() == Tier::shared) {
    return {};
  }
  return fail(
      Errc::invalid_argument,
      fmt::format("--checkpoint: {} forgets everything when this command ends", backend.target()),
      {}, "give the memory backend a file: --url memory:FILE");
}

std::chrono::milliseconds batch_timeout(std::chrono::milliseconds operation_timeout) {
  return operation_timeout > forever / batch_budgets ? forever : operation_timeout * batch_budgets;
}

JobEnd end_of(WarmResult result, const WarmOptions& options) {
  if (result.error && result.error->code == Errc::cancelled) return {JobEnd::How::interrupted};
  if (result.error) {
    const bool resumable = result.tally.failed + result.tally.unknown > 0;
    if (resumable) result.error->hint = resume_hint(options);
    return JobEnd::failure(std::move(*result.error));
  }
  return {result.tally.bad > 0 ? JobEnd::How::incomplete : JobEnd::How::done};
}

void report(const Job& job, const WarmResult& result, const WarmArguments& arguments,
            double seconds) {
  if (result.lost_checkpoint) {
    fmt::print(job.talk,
               "cachekit: the cache no longer holds what {} counts as stored: starting over\n",
               arguments.checkpoint);
  }
  const std::string input = arguments.input == "-" ? "standard input" : arguments.input;
  fmt::print(job.talk, "{}", bad_lines_text(result.tally, input));
  if (result.too_many_bad) {
    fmt::print(job.talk, "cachekit: stopped: more than {} bad records\n", *arguments.max_errors);
  }
  // A summary that nobody reads changes nothing about what was stored.
  static_cast<void>(
      write_out(job, job.json ? warm_json(result, seconds) : warm_text(result.tally, seconds)));
}

}  // namespace

JobEnd run_warm(const Job& job, CacheBackend& backend, const WarmArguments& arguments,
                std::chrono::milliseconds operation_timeout) {
  Result<WarmOptions> options = to_options(arguments);
  if (!options) return JobEnd::failure(std::move(options.error()));
  options->batch_timeout = batch_timeout(operation_timeout);
  if (Result<void> checked = check_checkpoint(backend, *options); !checked) {
    return JobEnd::failure(std::move(checked.error()));
  }
  Result<ReadSome> input = open_input(arguments.input, job.interrupted);
  if (!input) return JobEnd::failure(std::move(input.error()));
  const auto reader = make_reader(format_of(arguments), std::move(*input), arguments.fields);

  const auto start = std::chrono::steady_clock::now();
  const auto size = static_cast<double>(size_of(arguments.input));
  ProgressBar bar(job.progress, job.talk);
  Warmer warmer(backend, *reader, *options, job.interrupted,
                [&](const WarmTally& tally, std::uint64_t bytes) {
                  const double part = size > 0 ? static_cast<double>(bytes) / size : 0;
                  bar.show(size > 0 ? std::optional(part) : std::nullopt,
                           fmt::format("{} stored", tally.stored));
                });
  WarmResult result = warmer.run();
  bar.clear();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  report(job, result, arguments, took.count());
  return end_of(std::move(result), *options);
}

}  // namespace cachekit::cli
