#include "load/cleanup.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds after_interrupt{1000};
constexpr milliseconds beside_hung_server{3000};
// A server that hangs takes all the time of each step.
constexpr int steps_in_a_hurry = 4;
constexpr std::uint64_t keys_in_a_hurry = 50'000;

}  // namespace

void Cleanup::look_at(CacheBackend& backend) {
  look_for_interrupt();
  if (hurried_) return;
  for (const NodePing& node : backend.ping().nodes) {
    if (node.error) hurry();
  }
}

Cleanup::~Cleanup() {
  if (uncut_) Deadline::cut_all(Deadline::clock::now());
}

bool Cleanup::is_over() const { return hurried_ && time_left() <= milliseconds(0); }

std::uint64_t Cleanup::keys_at_once(std::uint64_t usual, std::uint64_t left) const noexcept {
  if (!hurried_) return usual;
  return std::max({usual, keys_in_a_hurry, left / steps_in_a_hurry + 1});
}

// Requires: it is in a hurry.
milliseconds Cleanup::time_left() const {
  const auto passed = Deadline::clock::now() - *hurried_;
  return longest_hurry() - std::chrono::duration_cast<milliseconds>(passed);
}

void Cleanup::run(const Step& step, milliseconds budget) {
  look_for_interrupt();
  const bool was_interrupted = uncut_;
  const auto in_time = [&] {
    const milliseconds most = std::min(budget, longest_hurry() / steps_in_a_hurry);
    return hurried_ ? std::clamp(time_left(), milliseconds(1), most) : budget;
  };
  Result<void> done = step(in_time());
  look_for_interrupt();
  if (!done && uncut_ && !was_interrupted) done = step(in_time());  // It was cut short.
  if (done) return;
  hurry();
  if (!error_) error_ = std::move(done).error();
}

Result<void> Cleanup::outcome() const { return error_ ? fail(*error_) : Result<void>(); }

Error Cleanup::why_over() const {
  if (uncut_) return {Errc::cancelled, "interrupted", {}, {}};
  return error_.value_or(Error{Errc::timeout, "some servers do not answer", {}, {}});
}

milliseconds Cleanup::longest_hurry() const noexcept {
  return uncut_ ? after_interrupt : beside_hung_server;
}

void Cleanup::hurry() {
  if (!hurried_) hurried_ = Deadline::clock::now();
}

void Cleanup::look_for_interrupt() {
  if (uncut_ || !interrupted_()) return;
  hurried_ = Deadline::clock::now();
  Deadline::uncut_all();
  uncut_ = true;
}

}  // namespace cachekit::cli
