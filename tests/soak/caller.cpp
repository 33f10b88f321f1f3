#include "caller.hpp"

#include <string_view>

namespace cachekit::soak {
namespace {

constexpr unsigned slot_count = 16;
constexpr unsigned counter_count = 4;
constexpr unsigned shared_keys = 64;

}  // namespace

Caller::Caller(unsigned number, const Options& options, CacheBackend& cache, const Epoch& epoch,
               Tally& tally)
    : number_(number),
      options_(options),
      cache_(cache),
      epoch_(epoch),
      tally_(tally),
      random_(options.seed * 1'000 + number),
      slots_(slot_count),
      counters_(counter_count) {
  begin_order();
  for (Slot& slot : slots_) retire(slot);
  for (Slot& slot : counters_) {
    retire(slot);
    slot.counts = true;
  }
}

bool Caller::step() {
  Slot& slot = slots_[any(slots_.size())];
  switch (any(25)) {
    case 0:
    case 1:
    case 2:
      return set(slot);
    case 3:
      return remove(slot);
    case 4:
      return add(slot);
    case 5:
      return exists(slot);
    case 6:
    case 7:
    case 8:
      return increment(counters_[any(counters_.size())]);
    case 9:
    case 10:
      return get_several();
    case 11:
      return set_shared();
    case 12:
    case 13:
    case 14:
      return get_shared();
    case 15:
    case 16:
      return get_together();
    case 17:
      return set_together();
    case 18:
      return increment_together();
    case 19:
      return write_in_order();
    default:
      return get(slot);
  }
}

bool Caller::get(Slot& slot) {
  const auto outcome = call("get", [&](std::chrono::milliseconds budget) {
    return cache_.get(slot.key, {.timeout = budget});
  });
  if (!outcome) return failed(outcome.error());
  ++tally_.succeeded;
  count(*outcome);
  check(slot, *outcome, "get");
  return true;
}

bool Caller::get_several() {
  const std::size_t first = any(slots_.size());
  const std::size_t amount = 2 + any(8);
  const std::string shared = "shared-" + std::to_string(any(shared_keys));
  std::vector<std::string_view> keys;
  for (std::size_t i = 0; i < amount; ++i) keys.push_back(slots_[(first + i) % slots_.size()].key);
  keys.push_back(shared);
  const auto outcomes = call("get_many", [&](std::chrono::milliseconds budget) {
    return cache_.get_many(keys, {.timeout = budget});
  });
  if (outcomes.size() != keys.size()) {
    tally_.violation("get_many gave " + std::to_string(outcomes.size()) + " outcomes for " +
                     std::to_string(keys.size()) + " keys");
    return false;
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i]) return failed(outcomes[i].error());  // One server: they fail together.
    count(*outcomes[i]);
    if (i < amount) check(slots_[(first + i) % slots_.size()], *outcomes[i], "get_many");
    if (i == amount) check_shared(shared, *outcomes[i]);
  }
  ++tally_.succeeded;
  return true;
}

bool Caller::set(Slot& slot) {
  const std::string value = new_value(slot.key);
  const std::uint64_t epoch = epoch_.now();
  const auto outcome = call("set", [&](std::chrono::milliseconds budget) {
    return cache_.set(slot.key, value, {.timeout = budget});
  });
  if (!settled(outcome, slot, value)) return false;
  if (!*outcome) tally_.wrong_answer("set of " + slot.key + " without a condition was not done");
  slot.value = value;
  slot.epoch = epoch;
  return true;
}

bool Caller::add(Slot& slot) {
  const std::string value = new_value(slot.key);
  const std::uint64_t epoch = epoch_.now();
  const auto outcome = call("set if absent", [&](std::chrono::milliseconds budget) {
    return cache_.set(slot.key, value, {.condition = SetCondition::if_absent, .timeout = budget});
  });
  if (!settled(outcome, slot, value)) return false;
  const bool forgotten = *outcome && !exact(slot);
  if (*outcome == slot.value.has_value() && !forgotten) {
    tally_.wrong_answer("set if absent of " + slot.key + ", which held " + shown(slot.value) +
                        ", said " + (*outcome ? "done" : "not done"));
    retire(slot);
  } else if (*outcome) {
    slot.value = value;
    slot.epoch = epoch;
  }
  return true;
}

bool Caller::remove(Slot& slot) {
  const auto outcome = call("remove", [&](std::chrono::milliseconds budget) {
    return cache_.remove(slot.key, {.timeout = budget});
  });
  if (!settled(outcome, slot, std::nullopt)) return false;
  const bool forgotten = !*outcome && !exact(slot);
  if (*outcome != slot.value.has_value() && !forgotten) {
    tally_.wrong_answer("remove of " + slot.key + ", which held " + shown(slot.value) + ", said " +
                        (*outcome ? "done" : "not there"));
  }
  slot.value.reset();
  return true;
}

bool Caller::exists(Slot& slot) {
  const auto outcome = call("exists", [&](std::chrono::milliseconds budget) {
    return cache_.exists(slot.key, {.timeout = budget});
  });
  if (!outcome) return failed(outcome.error());
  ++tally_.succeeded;
  const bool forgotten = !*outcome && !exact(slot);
  if (*outcome != slot.value.has_value() && !forgotten) {
    tally_.wrong_answer("exists of " + slot.key + ", which held " + shown(slot.value) + ", said " +
                        (*outcome ? "yes" : "no"));
  }
  return true;
}

bool Caller::increment(Slot& slot) {
  const std::uint64_t epoch = epoch_.now();
  const auto outcome = call("increment", [&](std::chrono::milliseconds budget) {
    return cache_.increment(slot.key, 1, {.timeout = budget});
  });
  return incremented(outcome, slot, epoch);
}

bool Caller::incremented(const Result<std::int64_t>& outcome, Slot& slot, std::uint64_t epoch) {
  const std::int64_t expected = (slot.value ? std::stoll(*slot.value) : 0) + 1;
  const std::string failures = shown_failures(slot.failures);
  if (!settled(outcome, slot, std::to_string(expected))) return false;
  const bool forgotten = *outcome == 1 && !exact(slot);
  if (*outcome != expected && !forgotten) {
    if (*outcome > expected) ++tally_.doubled;
    tally_.wrong_answer("increment of " + slot.key + " gave " + std::to_string(*outcome) +
                        " instead of " + std::to_string(expected) + failures);
  }
  slot.value = std::to_string(*outcome);
  slot.epoch = epoch;
  return true;
}

bool Caller::get_shared() {
  const std::string key = "shared-" + std::to_string(any(shared_keys));
  const auto outcome = call("get", [&](std::chrono::milliseconds budget) {
    return cache_.get(key, {.timeout = budget});
  });
  if (!outcome) return failed(outcome.error());
  ++tally_.succeeded;
  count(*outcome);
  check_shared(key, *outcome);
  return true;
}

bool Caller::set_shared() {
  const std::string key = "shared-" + std::to_string(any(shared_keys));
  const std::string value = new_value(key);
  const auto outcome = call("set", [&](std::chrono::milliseconds budget) {
    return cache_.set(key, value, {.timeout = budget});
  });
  if (!outcome) return failed(outcome.error());
  ++tally_.succeeded;
  return true;
}

}  // namespace cachekit::soak
