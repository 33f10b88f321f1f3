#include "expander/expander_state.hpp"

#include "expander/cache_access.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace cachekit {
namespace {

constexpr std::chrono::milliseconds between_repetitions = std::chrono::seconds(1);

}  // namespace

ExpanderState::ExpanderState(CacheBackend& cache, ExpanderOptions given)
    : backend(cache),
      options(std::move(given)),
      can(cache.capabilities()),
      in_process(cache.tier() == Tier::in_process),
      draws(options.runtime->random()),
      flights(*options.runtime),
      writes(*options.runtime),
      pending(options.max_pending_invalidations),
      throttle(*options.runtime),
      // Where there is no room in the background, the next call for such a key arms it again.
      repeater(*options.runtime, between_repetitions,
               [this] {
                 static_cast<void>(background.start(
                     [this](const std::stop_token& stop) { repeat_invalidations(stop); }));
               }),
      background(*options.runtime, options.max_background_loads) {}

// Each of them once, up to the first that does not get through.
void ExpanderState::repeat_invalidations(const std::stop_token& stop) {
  for (std::size_t left = pending.count(); left > 0 && !stop.stop_requested(); --left) {
    const std::optional<std::string> key = pending.next();
    if (!key || !CacheAccess(*this, *key).make_trusted()) break;
  }
  if (!pending.empty()) repeater.arm();
}

}  // namespace cachekit
