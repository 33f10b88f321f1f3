#include "core/continuations.hpp"

#include "core/fork.hpp"

#include <cstdint>
#include <utility>

namespace cachekit::core {
namespace {

thread_local ContinuationSink* sink_of_this_thread = nullptr;

}  // namespace

void Continuations::push(std::unique_ptr<detail::Continuation> added) noexcept {
  detail::Continuation* const last = added.get();
  (last_ != nullptr ? last_->next : first_) = std::move(added);
  last_ = last;
}

std::unique_ptr<detail::Continuation> Continuations::pop() noexcept {
  std::unique_ptr<detail::Continuation> popped = std::move(first_);
  first_ = std::move(popped->next);
  if (first_ == nullptr) last_ = nullptr;
  return popped;
}

// In a child that a callback has forked, threads that it does not have may hold any lock, and the
// calls are the parent's.
bool Continuations::run_one(std::unique_ptr<detail::Continuation> one, const bool& gone) noexcept {
  const std::uint32_t generation = fork_generation();
  one->run();
  one.reset();
  return !gone && fork_generation() == generation;
}

bool Continuations::run_all(core::MutexLock& lock, const bool& gone) noexcept {
  while (!empty()) {
    std::unique_ptr<detail::Continuation> next = pop();
    lock.unlock();
    if (!run_one(std::move(next), gone)) return false;
    lock.lock();
  }
  return true;
}

ContinuationsTo::ContinuationsTo(ContinuationSink& sink) noexcept
    : before_(std::exchange(sink_of_this_thread, &sink)) {}

ContinuationsTo::~ContinuationsTo() { sink_of_this_thread = before_; }

void go_on_with(std::unique_ptr<detail::Continuation> next) noexcept {
  if (next->is_step() || sink_of_this_thread == nullptr) return next->run();
  sink_of_this_thread->take(std::move(next));
}

}  // namespace cachekit::core
