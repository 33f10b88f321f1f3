#include <cachekit/runtime.hpp>

#include <utility>

namespace cachekit {
namespace {

thread_local constinit Runtime* replacement = nullptr;

}  // namespace

Runtime& Runtime::current() noexcept { return replacement != nullptr ? *replacement : system(); }

void*& Runtime::of_thread() noexcept {
  thread_local constinit void* own = nullptr;
  return own;
}

SteadyClock::time_point SteadyClock::now_of_current() noexcept { return Runtime::current().now(); }

RuntimeScope::RuntimeScope(Runtime& runtime) noexcept
    : before_(std::exchange(replacement, &runtime)) {
  SteadyClock::replacements.fetch_add(1, std::memory_order_relaxed);
}

RuntimeScope::~RuntimeScope() {
  SteadyClock::replacements.fetch_sub(1, std::memory_order_relaxed);
  replacement = before_;
}

}  // namespace cachekit
