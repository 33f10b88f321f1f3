// Writes of one key, begun one after the other without waiting: they must take effect in this
// order, whatever way each of them takes.

#include "caller.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace cachekit::soak {
namespace {

// "KEY|NUMBER|...": the number of the write.
std::uint64_t number_of(std::string_view value) {
  std::uint64_t number = 0;
  const std::size_t at = value.find('|') + 1;
  std::from_chars(value.data() + at, value.data() + value.size(), number);
  return number;
}

bool in_doubt(const Result<bool>& outcome) {
  return !outcome && outcome.error().code == Errc::outcome_unknown;
}

}  // namespace

// It is done when this returns, or still under way.
Caller::Ordered Caller::write_next(std::chrono::milliseconds budget) {
  Ordered write{.number = ++ordered_number_};
  const std::size_t size = any(15) == 0 ? large_value : any(50);
  const std::string value =
      ordered_key_ + "|" + std::to_string(write.number) + "|" + std::string(size, '.');
  const std::string beside = ordered_key_ + "-beside";
  const std::array<SetItem, 2> items{
      {{.key = beside, .value = "v"}, {.key = ordered_key_, .value = value}}};
  ++tally_.begun;
  switch (any(8)) {
    case 0:
      write.outcome = cache_.set(ordered_key_, value, {.timeout = budget});
      break;
    case 1:
      write.outcome = cache_.set_many(items, {.timeout = budget}).at(1);
      break;
    default:
      write.pending = cache_.async_set(ordered_key_, value, {.timeout = budget});
  }
  return write;
}

bool Caller::write_in_order() {
  const std::chrono::milliseconds budget = any_budget();
  const std::uint64_t epoch = epoch_.now();
  std::vector<Ordered> writes;
  busy_with_ = "writes in order";
  busy_since_ = clock::now();
  for (std::uint64_t left = 3 + any(12); left > 0; --left) writes.push_back(write_next(budget));
  for (Ordered& write : writes) {
    if (write.pending.valid()) write.outcome = write.pending.get();
    ++tally_.completed;
  }
  busy_since_ = clock::time_point{};
  bool all = true;
  std::uint64_t last_done = 0;
  for (const Ordered& write : writes) {
    if (write.outcome) {
      ++tally_.succeeded;
      last_done = write.number;
    } else {
      all = failed(write.outcome.error());
    }
  }
  if (last_done > 0) check_order(writes, last_done, epoch);
  // One whose outcome is unknown may be done at any time later.
  if (std::ranges::any_of(writes, in_doubt, &Ordered::outcome)) begin_order();
  return all;
}

// What was done last stands, unless one that is in doubt was done even later.
void Caller::check_order(const std::vector<Ordered>& writes, std::uint64_t last_done,
                         std::uint64_t epoch) {
  const auto seen = call("get", [&](std::chrono::milliseconds budget) {
    return cache_.get(ordered_key_, {.timeout = budget});
  });
  if (!seen) {
    failed(seen.error());
    return;
  }
  ++tally_.succeeded;
  count(*seen);
  const bool same_server = epoch == epoch_.now() && epoch % 2 == 0;
  if (!*seen && !same_server) {
    ++tally_.lost_with_server;
    return;
  }
  if (!*seen || !(*seen)->starts_with(ordered_key_ + "|")) {
    tally_.wrong_answer("get of " + ordered_key_ + " gave " + shown(*seen));
    return;
  }
  const std::uint64_t number = number_of(**seen);
  const auto done_later = [&](const Ordered& write) {
    return write.number == number && in_doubt(write.outcome);
  };
  if (number == last_done || std::ranges::any_of(writes, done_later)) return;
  ++tally_.out_of_order;
  tally_.violation("out of order: " + ordered_key_ + " holds write " + std::to_string(number) +
                   ", though write " + std::to_string(last_done) + " was done after it");
}

void Caller::begin_order() {
  ordered_key_ = "order-" + std::to_string(number_) + "-" + std::to_string(++serial_);
}

}  // namespace cachekit::soak
