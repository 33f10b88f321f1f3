#include "expander/loading.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <exception>
#include <string>

namespace cachekit {
namespace {

void pause_between(std::chrono::microseconds least, std::chrono::microseconds most,
                   Runtime& runtime) {
  const auto choices = static_cast<std::uint64_t>((most - least).count()) + 1;
  runtime.sleep_for(least + std::chrono::microseconds(runtime.random() % choices));
}

}  // namespace

std::chrono::milliseconds longest_pause(unsigned failures) noexcept {
  return std::min(std::chrono::milliseconds(20 << std::min(failures - 1, 6U)),
                  std::chrono::milliseconds(1000));
}

Error detail::error_of_exception(Errc code, std::string_view what_failed) {
  std::string message(what_failed);
  try {
    throw;
  } catch (const std::exception& problem) {
    message.append(": ").append(problem.what());
  } catch (...) {
    message.append(": it threw something that is no std::exception");
  }
  return {.code = code, .message = std::move(message)};
}

Error detail::unreadable(const Error& why) {
  return {.code = Errc::invalid_argument,
          .message = "the codec cannot read back what it made of the value: " + why.message,
          .hint = "give the type a codec that keeps every value, or keep such values out"};
}

void pause_about(std::chrono::milliseconds span, Runtime& runtime) {
  pause_between(span / 2, span + span / 2, runtime);
}

Result<Loaded> load(detail::FetchJob& job, LoadContext& context, unsigned retries,
                    const std::function<void(unsigned)>& backoff, CacheMetrics& metrics,
                    Runtime& runtime) {
  return load([&] { return job.load(context); }, context.stop_token(), retries, backoff, metrics,
              runtime);
}

Result<Loaded> load(const std::function<Result<bool>()>& call, const std::stop_token& stop,
                    unsigned retries, const std::function<void(unsigned)>& backoff,
                    CacheMetrics& metrics, Runtime& runtime) {
  for (unsigned failures = 0;;) {
    const auto start = runtime.now();
    metrics.count(CacheMetrics::Event::load);
    Result<bool> present = call();
    const auto cost = runtime.now() - start;
    metrics.record_load(cost);
    if (present) {
      return Loaded{*present, std::chrono::duration_cast<std::chrono::microseconds>(cost)};
    }
    metrics.count(CacheMetrics::Event::load_failure);
    if (failures == retries || stop.stop_requested()) return fail(std::move(present).error());
    ++failures;
    if (backoff) {
      backoff(failures);
    } else {
      // "Full jitter": callers that failed together do not come back together.
      pause_between(std::chrono::milliseconds(0), longest_pause(failures), runtime);
    }
  }
}

}  // namespace cachekit
