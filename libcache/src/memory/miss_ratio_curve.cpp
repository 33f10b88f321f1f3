#include "memory/miss_ratio_curve.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <utility>

namespace cachekit::memory {
namespace {

constexpr double fading_after = 20;
constexpr auto longest_pause = std::chrono::minutes(1);

}  // namespace

MissRatioCurve::MissRatioCurve(std::function<std::uint64_t()> look_ups)
    : look_ups_so_far_(std::move(look_ups)) {}

std::optional<double> MissRatioCurve::hit_ratio(double entries) const {
  const core::MutexLock lock(mutex_);
  if (counted_ < static_cast<double>(most_samples) / 10) return std::nullopt;
  catch_up();
  const double missing = expected_ - counted_;
  double hits = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    const double begin = lower_end(i);
    const double end = lower_end(i + 1);
    if (end <= entries) {
      hits += distances_[i];
    } else if (begin < entries) {
      hits += distances_[i] * (entries - begin) / (end - begin);
    }
  }
  // The sum of all is `expected_` now; no part of it is less than nothing.
  const double all = std::max(expected_, 1.0);
  return std::clamp((hits + missing) / all, 0.0, 1.0);
}

// The share of the sample was the same since the last time.
void MissRatioCurve::catch_up() const {
  const bool paused = threshold_.load(std::memory_order_relaxed) == 0;
  if (paused || looked_at_ < count_from_) return;
  const std::uint64_t now = look_ups_so_far_();
  const double left_out = static_cast<double>(left_out_.exchange(0, std::memory_order_relaxed));
  expected_ += std::max(static_cast<double>(now - look_ups_) / sampling() - left_out, 0.0);
  look_ups_ = now;
}

double MissRatioCurve::sampling() const noexcept {
  return 0x1p64 / static_cast<double>(share_.load(std::memory_order_relaxed));
}

std::uint64_t MissRatioCurve::looked_at() const {
  const core::MutexLock lock(mutex_);
  return looked_at_;
}

double MissRatioCurve::lower_end(std::size_t bucket) noexcept {
  return bucket == 0 ? 0 : std::exp2(static_cast<double>(bucket) / static_cast<double>(steps));
}

std::size_t MissRatioCurve::bucket_of(double distance) noexcept {
  if (distance < lower_end(1)) return 0;
  const double place = std::log2(distance) * static_cast<double>(steps);
  return std::min(static_cast<std::size_t>(place), buckets - 1);
}

void MissRatioCurve::access(std::uint64_t mixed) noexcept {
  if (!mutex_.try_lock()) {
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const core::MutexLock lock(mutex_, std::adopt_lock);
  if (mixed > threshold_.load(std::memory_order_relaxed)) return;  // It was lowered meanwhile.
  try {
    look_at(mixed);
  } catch (const std::exception&) {
    threshold_.store(0, std::memory_order_relaxed);
  }
}

void MissRatioCurve::look_at(std::uint64_t mixed) {
  if (taken_.empty()) taken_.resize(slots + 1);
  if (next_ == slots) renumber();
  if (looked_at_ == pause_at_) return pause();
  ++looked_at_;
  if (looked_at_ == count_from_) {
    look_ups_ = look_ups_so_far_();
    left_out_.store(0, std::memory_order_relaxed);
  }

  const auto found = slot_of_.find(mixed);
  if (found != slot_of_.end()) {
    const std::uint32_t slot = found->second;
    count(static_cast<double>(newer_than(slot)) * sampling(), true);
    add(slot, -1);
    found.value() = next_;
  } else {
    count(0, false);
    slot_of_.emplace(mixed, next_);
  }
  add(next_++, 1);
  if (slot_of_.size() > most_samples) thin_out();
}

void MissRatioCurve::pause() {
  if (looked_at_ > count_from_) catch_up();
  threshold_.store(0, std::memory_order_relaxed);
}

void MissRatioCurve::resume(Time now) {
  if (threshold_.load(std::memory_order_relaxed) != 0) return;
  const core::MutexLock lock(mutex_);
  if (threshold_.load(std::memory_order_relaxed) != 0) return;
  if (!paused_at_) paused_at_ = now;
  const bool long_ago = now - *paused_at_ >= longest_pause;
  if (!long_ago && look_ups_so_far_() / one_in < looked_at_ + later_look) return;
  paused_at_.reset();
  std::fill(taken_.begin(), taken_.end(), 0);
  slot_of_.clear();
  next_ = 0;
  pause_at_ = looked_at_ + later_look;
  count_from_ = looked_at_ + learning;
  threshold_.store(share_.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void MissRatioCurve::count(double distance, bool seen_before) {
  if (looked_at_ < count_from_) return;
  if (counted_ >= fading_after * static_cast<double>(most_samples)) {
    halve();
  }
  counted_ += 1;
  if (seen_before) distances_[bucket_of(distance)] += 1;
}

void MissRatioCurve::halve() {
  catch_up();
  for (double& bucket : distances_) bucket /= 2;
  counted_ /= 2;
  expected_ /= 2;
}

// Half of the keys go, by their hashes, and no more of their like come in.
void MissRatioCurve::thin_out() {
  halve();  // From now on one look-up stands for twice as many.
  const std::uint64_t threshold = share_.load(std::memory_order_relaxed) / 2;
  for (auto entry = slot_of_.begin(); entry != slot_of_.end();) {
    if (entry->first <= threshold) {
      ++entry;
      continue;
    }
    add(entry->second, -1);
    entry = slot_of_.erase(entry);
  }
  share_.store(threshold, std::memory_order_relaxed);
  threshold_.store(threshold, std::memory_order_relaxed);
}

// The slots are used up: the keys get the first ones, in their order.
void MissRatioCurve::renumber() {
  std::vector<std::pair<std::uint32_t, std::uint64_t>> order;
  order.reserve(slot_of_.size());
  for (const auto& [key, slot] : slot_of_) order.emplace_back(slot, key);
  std::sort(order.begin(), order.end());
  std::fill(taken_.begin(), taken_.end(), 0);
  next_ = 0;
  for (const auto& [slot, key] : order) {
    slot_of_[key] = next_;
    add(next_++, 1);
  }
}

void MissRatioCurve::add(std::uint32_t slot, int change) noexcept {
  for (std::size_t i = slot + 1; i <= slots; i += i & (~i + 1)) taken_[i] += change;
}

std::uint32_t MissRatioCurve::newer_than(std::uint32_t slot) const noexcept {
  std::int64_t older = 0;
  for (std::size_t i = slot + 1; i > 0; i -= i & (~i + 1)) older += taken_[i];
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(slot_of_.size()) - older);
}

}  // namespace cachekit::memory
