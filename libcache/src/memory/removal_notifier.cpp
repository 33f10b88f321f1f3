#include "memory/removal_notifier.hpp"

namespace cachekit::memory {

constinit thread_local RemovalNotifier::Round* RemovalNotifier::innermost = nullptr;

void RemovalNotifier::notify(RemovedEntries& gone) noexcept {
  if (!listening() || gone.empty()) return;
  for (Round* round = innermost; round != nullptr; round = round->outer) {
    if (round->notifier == this) return round->echoes.append(gone);
  }
  RemovedEntries echoes;
  Round round{.notifier = this, .echoes = echoes, .outer = innermost};
  innermost = &round;
  std::uint64_t left = 0;
  while (const EntryReference entry = gone.take_first()) {
    tell(*entry);
    left += most_echoes;
  }
  for (; left > 0 && !echoes.empty(); --left) tell(*echoes.take_first());
  innermost = round.outer;
  while (const EntryReference entry = echoes.take_first()) {
    if (RemovedEntries::cause_of(*entry)) untold_.fetch_add(1, std::memory_order_relaxed);
  }
}

void RemovalNotifier::tell(const Entry& entry) noexcept {
  const std::optional<RemovalCause> cause = RemovedEntries::cause_of(entry);
  if (!cause) return;
  try {
    listener_({.key = entry.key(), .value = entry.value(), .cause = *cause});
  } catch (...) {
    failures_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace cachekit::memory
