#include "expander/loading.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <exception>
#include <string>

namespace cachekit {
namespace {

void default_backoff(unsigned failures, Runtime& runtime) {
  // "Full jitter": callers that failed together do not come back together.
  const auto choices = static_cast<std::uint64_t>(longest_pause(failures).count()) + 1;
  runtime.sleep_for(std::chrono::milliseconds(runtime.random() % choices));
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

Result<Loaded> load(detail::FetchJob& job, unsigned retries,
                    const std::function<void(unsigned)>& backoff, CacheMetrics& metrics,
                    Runtime& runtime) {
  for (unsigned failures = 0;;) {
    const auto start = runtime.now();
    metrics.count(CacheMetrics::Event::load);
    Result<bool> present = job.load();
    if (present) {
      const auto cost = runtime.now() - start;
      return Loaded{*present, std::chrono::duration_cast<std::chrono::microseconds>(cost)};
    }
    metrics.count(CacheMetrics::Event::load_failure);
    if (failures == retries) return fail(std::move(present).error());
    ++failures;
    if (backoff) {
      backoff(failures);
    } else {
      default_backoff(failures, runtime);
    }
  }
}

}  // namespace cachekit
