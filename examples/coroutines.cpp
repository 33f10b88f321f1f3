// A visit counter as a coroutine: three steps that read one after the other and block no thread.
//
//     example_coroutines [URL]       memory: by default

#include <cachekit/cachekit.hpp>

#include <chrono>
#include <coroutine>
#include <exception>
#include <future>
#include <iostream>
#include <string>

namespace {

// The smallest coroutine type that can be waited for. Yours comes from your framework.
struct Task {
  struct promise_type {  // NOLINT(readability-identifier-naming): the language wants this name.
    std::promise<int> result;
    Task get_return_object() { return {result.get_future()}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_value(int value) { result.set_value(value); }
    void unhandled_exception() { result.set_exception(std::current_exception()); }
  };
  std::future<int> result;
};

Task visit(cachekit::CacheBackend& cache, std::string page) {
  using namespace std::chrono_literals;
  const std::string key = "visits:" + page;
  const auto visits = co_await cache.async_increment(key);
  if (!visits) {
    std::cerr << visits.error().describe() << '\n';
    co_return 1;
  }
  if (*visits == 1) static_cast<void>(co_await cache.async_touch(key, 1h));
  std::cout << page << " was visited " << *visits << " times this hour\n";
  co_return 0;
}

}  // namespace

int main(int count, char** arguments) {
  cachekit::Settings settings;
  auto backend = cachekit::apply_url(settings, count > 1 ? arguments[1] : "memory:").and_then([&] {
    return cachekit::make_backend(settings);
  });
  if (!backend) return std::cerr << backend.error().describe() << '\n', 1;
  int failures = 0;
  for (int i = 0; i < 3; ++i) failures += visit(**backend, "home").result.get();
  return failures;
}
