#include "load/cleanup.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t usual_keys = 500;
constexpr milliseconds usual_budget{10'000};  // A step is many operations.

constexpr milliseconds after_interrupt{1000};
constexpr milliseconds beside_hung_server{3000};
// A server that hangs takes all the time of each step.
constexpr int steps_in_a_hurry = 4;
constexpr std::uint64_t keys_in_a_hurry = 50'000;

Result<void> remove_once(CacheBackend& backend, std::span<const std::string> keys,
                         milliseconds budget) {
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  for (const Result<bool>& removed : backend.remove_many(views, {budget})) {
    // (What can be no key there was not stored.)
    if (!removed && removed.error().code != Errc::invalid_argument) return fail(removed.error());
  }
  return {};
}

}  // namespace

Cleanup::~Cleanup() {
  if (uncut_) Deadline::cut_all(Deadline::clock::now());
}

Result<void> Cleanup::remove_all(std::uint64_t count, std::string_view unfinished,
                                 const NextKeys& next) {
  look_at_servers();
  for (std::uint64_t done = 0; done < count;) {
    if (is_over()) {
      Error why = why_over();
      why.message += ", " + fmt::format(fmt::runtime(unfinished), count - done, count);
      return fail(std::move(why));
    }
    const std::uint64_t left = count - done;
    const Result<std::vector<std::string>> keys = next(std::min(keys_at_once(left), left));
    if (!keys) return fail(keys.error());
    if (keys->empty()) break;
    remove(*keys);
    done += keys->size();
  }
  return error_ ? fail(*error_) : Result<void>();
}

void Cleanup::look_at_servers() {
  look_for_interrupt();
  if (hurried_) return;
  for (const NodePing& node : backend_.ping().nodes) {
    if (node.error) hurry();
  }
}

void Cleanup::look_for_interrupt() {
  if (uncut_ || !interrupted_()) return;
  hurried_ = Deadline::clock::now();
  Deadline::uncut_all();
  uncut_ = true;
}

void Cleanup::hurry() {
  if (!hurried_) hurried_ = Deadline::clock::now();
}

milliseconds Cleanup::longest_hurry() const noexcept {
  return uncut_ ? after_interrupt : beside_hung_server;
}

// Requires: it is in a hurry.
milliseconds Cleanup::time_left() const {
  const auto passed = Deadline::clock::now() - *hurried_;
  return longest_hurry() - std::chrono::duration_cast<milliseconds>(passed);
}

bool Cleanup::is_over() const { return hurried_ && time_left() <= milliseconds(0); }

Error Cleanup::why_over() const {
  if (uncut_) return {Errc::cancelled, "interrupted", {}, {}};
  return error_.value_or(Error{Errc::timeout, "some servers do not answer", {}, {}});
}

std::uint64_t Cleanup::keys_at_once(std::uint64_t left) const noexcept {
  return hurried_ ? std::max(keys_in_a_hurry, left / steps_in_a_hurry + 1) : usual_keys;
}

milliseconds Cleanup::budget() const {
  if (!hurried_) return usual_budget;
  return std::clamp(time_left(), milliseconds(1), longest_hurry() / steps_in_a_hurry);
}

void Cleanup::remove(std::span<const std::string> keys) {
  look_for_interrupt();
  const bool was_interrupted = uncut_;
  Result<void> done = remove_once(backend_, keys, budget());
  look_for_interrupt();
  if (!done && uncut_ && !was_interrupted) {  // It was cut short.
    done = remove_once(backend_, keys, budget());
  }
  if (done) return;
  hurry();
  if (!error_) error_ = std::move(done).error();
}

}  // namespace cachekit::cli
