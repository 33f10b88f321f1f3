#pragma once

#include <cachekit/deadline.hpp>

#include <atomic>
#include <cstdint>

namespace cachekit::net {

/// Sleeps while `word` holds `expected`, at most until `until`; false when that came first. May
/// wake for no reason, as `futex(2)` does.
[[nodiscard]] bool futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected,
                              Deadline::clock::time_point until) noexcept;
/// Wakes one thread that sleeps on `word`. The word itself is not read: its owner may be gone.
void futex_wake(std::atomic<std::uint32_t>& word) noexcept;

}  // namespace cachekit::net
