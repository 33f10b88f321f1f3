#include "memory/admission_tuner.hpp"

#include "core/thread_slot.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <exception>

namespace cachekit::memory {
namespace {

constexpr std::uint64_t largest_shadow = 512;
// Counts fade to a half while a shadow's capacity is accessed so many times.
constexpr double half_life = 32;
// A lead of so many standard deviations is not chance.
constexpr double significant = 3;

}  // namespace

AdmissionTuner::AdmissionTuner() = default;

AdmissionTuner::Shadows::Shadows(std::size_t capacity)
    : filtering(capacity, std::make_unique<AdaptivePolicy>(filter)),
      unfiltered(capacity, std::make_unique<AdaptivePolicy>(all)),
      fading(std::exp2(-1 / (half_life * static_cast<double>(capacity)))) {}

void AdmissionTuner::fit(std::uint64_t entries) noexcept {
  const core::MutexLock lock(mutex_);
  try {
    fit_shadows(entries);
  } catch (const std::exception&) {
    mask_.store(nothing, std::memory_order_relaxed);
    shadows_.reset();
  }
}

void AdmissionTuner::fit_shadows(std::uint64_t entries) {
  const auto rate = [this](std::uint64_t all) {
    const std::uint32_t mask = mask_.load(std::memory_order_relaxed);
    return mask == nothing ? 0 : all / (std::uint64_t{mask} + 1);
  };
  if (shadows_) {  // What was learnt is kept while the shadows are still about right.
    const auto held = static_cast<double>(shadows_->filtering.capacity());
    const double wanted = static_cast<double>(rate(entries));
    if (wanted > held * 0.75 && wanted < held * 1.25) return;
  }
  std::uint32_t mask = 0;
  while (entries / (std::uint64_t{mask} + 1) > largest_shadow) mask = mask * 2 + 1;
  mask_.store(mask, std::memory_order_relaxed);
  shadows_.emplace(
      static_cast<std::size_t>(std::max<std::uint64_t>(1, entries / (std::uint64_t{mask} + 1))));
}

void AdmissionTuner::keep(std::uint32_t hash) noexcept {
  Buffer& buffer = buffers_[core::ThreadSlot::mine().number()];
  const std::uint32_t place = buffer.count.fetch_add(1, std::memory_order_relaxed);
  if (place >= buffer_size) return;  // Somebody is having it played.
  buffer.hashes[place].store(hash, std::memory_order_relaxed);
  if (place + 1 < buffer_size) return;
  try {
    play(buffer);
  } catch (const std::exception&) {
    mask_.store(nothing, std::memory_order_relaxed);
  }
  buffer.count.store(0, std::memory_order_relaxed);
}

void AdmissionTuner::play(Buffer& buffer) {
  if (!mutex_.try_lock()) return;
  const core::MutexLock lock(mutex_, std::adopt_lock);
  if (!shadows_) return;
  for (const std::atomic<std::uint32_t>& kept : buffer.hashes) {
    const std::uint32_t hash = kept.load(std::memory_order_relaxed);
    const bool filtering = shadows_->filtering.access(hash);
    const bool unfiltered = shadows_->unfiltered.access(hash);
    shadows_->lead *= shadows_->fading;
    shadows_->decided *= shadows_->fading;
    if (filtering == unfiltered) continue;
    shadows_->lead += unfiltered ? 1 : -1;
    shadows_->decided += 1;
    judge();
  }
}

void AdmissionTuner::judge() {
  const bool filters = admission_.load(std::memory_order_relaxed) == Admission::filter;
  const double chance = significant * std::sqrt(shadows_->decided + 1);
  if (filters && shadows_->lead > chance) {
    admission_.store(Admission::all, std::memory_order_relaxed);
  } else if (!filters && shadows_->lead < 0) {
    admission_.store(Admission::filter, std::memory_order_relaxed);
  }
}

}  // namespace cachekit::memory
