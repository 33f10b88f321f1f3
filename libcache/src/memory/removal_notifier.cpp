#include "memory/removal_notifier.hpp"

namespace cachekit::memory {

constinit thread_local RemovalNotifier::Round* RemovalNotifier::innermost = nullptr;

void RemovalNotifier::notify(Departures& gone) noexcept {
  if (!listening() || gone.empty()) return;
  for (Round* round = innermost; round != nullptr; round = round->outer) {
    if (round->notifier == this) return round->waiting.append(gone);
  }
  Round round{.notifier = this, .waiting = gone, .outer = innermost};
  innermost = &round;
  while (const EntryReference entry = gone.take_first()) tell(*entry);
  innermost = round.outer;
}

void RemovalNotifier::tell(const Entry& entry) noexcept {
  try {
    listener_({.key = entry.key(), .value = entry.value(), .cause = Departures::cause_of(entry)});
  } catch (...) {
    failures_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace cachekit::memory
