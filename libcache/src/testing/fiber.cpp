#include "testing/fiber.hpp"

#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include <cxxabi.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define CACHEKIT_FIBERS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CACHEKIT_FIBERS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define CACHEKIT_FIBERS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CACHEKIT_FIBERS_TSAN 1
#endif
#endif
#ifdef CACHEKIT_FIBERS_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef CACHEKIT_FIBERS_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace cachekit::testing {
namespace {

std::size_t page_size() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

// Stacks that are free again, for the fibers to come.
class FreeStacks {
 public:
  ~FreeStacks() {
    for (void* const bottom : free_) unmap(bottom);
  }
  void* take() {
    if (free_.empty()) return nullptr;
    void* const bottom = free_.back();
    free_.pop_back();
    return bottom;
  }
  void give_back(void* bottom) noexcept {
    try {
      free_.push_back(bottom);
    } catch (const std::bad_alloc&) {
      unmap(bottom);
    }
  }

 private:
  static void unmap(void* bottom) noexcept {
    ::munmap(static_cast<char*>(bottom) - page_size(), FiberStack::size + page_size());
  }

  std::vector<void*> free_;
};

thread_local FreeStacks free_stacks;
thread_local Fiber* entering = nullptr;

FiberExceptions exchange_exceptions(const FiberExceptions& by) noexcept {
  void* const globals = abi::__cxa_get_globals();
  FiberExceptions before;
  std::memcpy(&before, globals, sizeof before);
  std::memcpy(globals, &by, sizeof by);
  return before;
}

}  // namespace

FiberStack FiberStack::take() {
  if (void* const used = free_stacks.take()) return FiberStack(used);
  void* const start = ::mmap(nullptr, size + page_size(), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
  static_cast<void>(::mprotect(start, page_size(), PROT_NONE));
  return FiberStack(static_cast<char*>(start) + page_size());
}

FiberStack::FiberStack(FiberStack&& other) noexcept
    : bottom_(std::exchange(other.bottom_, nullptr)) {}

FiberStack::~FiberStack() {
  if (bottom_ != nullptr) free_stacks.give_back(bottom_);
}

// Tells the sanitizers when the stack changes.
struct Fiber::Watched {
#ifdef CACHEKIT_FIBERS_ASAN
  void begin_resume(const FiberStack& stack) noexcept {
    __sanitizer_start_switch_fiber(&resumers_fake, stack.bottom(), FiberStack::size);
  }
  void end_resume() noexcept { __sanitizer_finish_switch_fiber(resumers_fake, nullptr, nullptr); }
  void begin_suspend(bool for_ever) noexcept {
    __sanitizer_start_switch_fiber(for_ever ? nullptr : &own_fake, resumers_bottom, resumers_size);
  }
  void end_suspend() noexcept {
    __sanitizer_finish_switch_fiber(own_fake, &resumers_bottom, &resumers_size);
  }
  void* own_fake = nullptr;
  void* resumers_fake = nullptr;
  const void* resumers_bottom = nullptr;
  std::size_t resumers_size = 0;
#elif defined(CACHEKIT_FIBERS_TSAN)
  ~Watched() { __tsan_destroy_fiber(own); }
  void begin_resume(const FiberStack& /*stack*/) noexcept {
    resumer = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(own, 0);
  }
  void end_resume() noexcept {}
  void begin_suspend(bool /*for_ever*/) noexcept { __tsan_switch_to_fiber(resumer, 0); }
  void end_suspend() noexcept {}
  void* own = __tsan_create_fiber(0);
  void* resumer = nullptr;
#else
  void begin_resume(const FiberStack& /*stack*/) noexcept {}
  void end_resume() noexcept {}
  void begin_suspend(bool /*for_ever*/) noexcept {}
  void end_suspend() noexcept {}
#endif
};

Fiber::Fiber(std::function<void()> body)
    : body_(std::move(body)), watched_(std::make_unique<Watched>()) {
  ::getcontext(&own_);
  own_.uc_stack.ss_sp = stack_.bottom();
  own_.uc_stack.ss_size = FiberStack::size;
  own_.uc_link = nullptr;
  ::makecontext(&own_, &Fiber::enter, 0);
}

Fiber::~Fiber() = default;

void Fiber::enter() { std::exchange(entering, nullptr)->run(); }

void Fiber::run() {
  watched_->end_suspend();
  body_();
  body_ = nullptr;
  ended_ = true;
  watched_->begin_suspend(true);
  ::setcontext(&resumer_);
}

void Fiber::resume() {
  entering = this;
  const FiberExceptions mine = exchange_exceptions(own_exceptions_);
  watched_->begin_resume(stack_);
  ::swapcontext(&resumer_, &own_);
  watched_->end_resume();
  own_exceptions_ = exchange_exceptions(mine);
}

void Fiber::suspend() {
  watched_->begin_suspend(false);
  ::swapcontext(&own_, &resumer_);
  watched_->end_suspend();
}

}  // namespace cachekit::testing
