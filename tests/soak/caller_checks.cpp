#include "caller.hpp"

#include <algorithm>
#include <thread>

namespace cachekit::soak {

std::string shown(const std::optional<std::string>& value) {
  constexpr std::size_t enough = 80;
  if (!value) return "nothing";
  return value->size() <= enough ? "'" + *value + "'" : "'" + value->substr(0, enough) + "...'";
}

std::string shown_failures(const std::string& codes) {
  return codes.empty() ? codes : "; the writes since then: " + codes;
}

void Caller::note_duration(const char* operation, Span span, std::chrono::milliseconds budget,
                           clock::duration waited_before) {
  const clock::duration overshoot = span.ended - span.begun - budget - budget / 10;
  if (overshoot <= clock::duration::zero()) return;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(overshoot).count();
  std::int64_t longest = tally_.longest_overshoot_us;
  while (us > longest && !tally_.longest_overshoot_us.compare_exchange_weak(longest, us)) {
  }
  if (overshoot <= options_.grace) return;
  const clock::duration waited = waited_for_processor() - waited_before;
  tally_.late({span.begun, span.ended, overshoot, waited, budget, operation, tally_.last_fault});
}

bool Caller::failed(const Error& error) {
  tally_.count_error(error.code);
  last_error_ = std::string(to_string(error.code)) + ": " + error.describe();
  switch (error.code) {
    case Errc::unavailable:
    case Errc::overloaded:
      // As a service does that goes without its cache; else a refusing port would get most calls.
      std::this_thread::sleep_for(std::chrono::milliseconds(1 + any(4)));
      break;
    case Errc::timeout:
    case Errc::outcome_unknown:
    case Errc::cancelled:
      break;
    case Errc::protocol:
      if (clock::now() < tally_.strays_until.load()) break;
      [[fallthrough]];
    default:
      tally_.violation("unexpected error: " + last_error_);
  }
  return false;
}

bool Caller::write_failed(const Error& error, Slot& slot,
                          const std::optional<std::string>& intended) {
  slot.failures += slot.failures.empty() ? "" : ", ";
  slot.failures += to_string(error.code);
  if (error.code == Errc::outcome_unknown) {
    look_once_more(slot, intended);
    retire(slot);
  }
  return failed(error);
}

// A lost write was done or not; twice, or something else, it was not.
void Caller::look_once_more(Slot& slot, const std::optional<std::string>& intended) {
  const auto seen = call("get", [&](std::chrono::milliseconds budget) {
    return cache_.get(slot.key, {.timeout = budget});
  });
  if (!seen) {
    tally_.count_error(seen.error().code);
    return;
  }
  ++tally_.succeeded;
  count(*seen);
  if (*seen != intended) check(slot, *seen, "get after a write whose outcome is unknown");
}

void Caller::check(Slot& slot, const std::optional<std::string>& seen, const char* how) {
  if (seen == slot.value) return;
  // A count that a killed server forgot begins anew.
  const bool forgotten = !seen || (slot.counts && *seen == "1");
  if (forgotten && !exact(slot)) {
    ++tally_.lost_with_server;
  } else {
    if (slot.counts && seen && std::stoll(*seen) > std::stoll(slot.value.value_or("0"))) {
      ++tally_.doubled;
    }
    tally_.wrong_answer(std::string(how) + " of " + slot.key + " gave " + shown(seen) +
                        " instead of " + shown(slot.value) + shown_failures(slot.failures));
  }
  retire(slot);
}

void Caller::check_shared(const std::string& key, const std::optional<std::string>& seen) {
  if (!seen || (seen->starts_with(key + "|") && seen->ends_with("|" + key))) return;
  tally_.wrong_answer("get of " + key + " gave " + shown(seen));
}

void Caller::retire(Slot& slot) {
  slot.key = "own-" + std::to_string(number_) + "-" + std::to_string(++serial_);
  slot.value.reset();
  slot.failures.clear();
}

bool Caller::exact(const Slot& slot) const {
  const std::uint64_t now = epoch_.now();
  return slot.epoch == now && now % 2 == 0;  // It is odd from before a kill until after it.
}

void Caller::count(const std::optional<std::string>& seen) {
  ++(seen ? tally_.hits : tally_.misses);
}

std::chrono::milliseconds Caller::any_budget() {
  if (patience_) return *patience_;
  const std::uint64_t kind = any(20);
  if (kind == 0) return std::chrono::milliseconds(3);
  if (kind < 4) return std::max(options_.budget / 10, std::chrono::milliseconds(1));
  return options_.budget;
}

std::string Caller::new_value(const std::string& key) {
  const std::uint64_t kind = any(1'000);
  const std::uint64_t size = kind < 3 ? large_value : kind < 20 ? 4'000 : any(200);
  return key + "|" + std::to_string(number_) + "-" + std::to_string(++serial_) + "|" +
         std::string(size, '.') + "|" + key;
}

}  // namespace cachekit::soak
