// Many requests at once from one thread, with a callback for each answer.
//
//     example_callbacks [URL]        memory: by default

#include <cachekit/cachekit.hpp>

#include <atomic>
#include <iostream>
#include <latch>
#include <string>

int main(int count, char** arguments) {
  cachekit::Settings settings;
  auto backend = cachekit::apply_url(settings, count > 1 ? arguments[1] : "memory:").and_then([&] {
    return cachekit::make_backend(settings);
  });
  if (!backend) return std::cerr << backend.error().describe() << '\n', 1;
  cachekit::CacheBackend& cache = **backend;

  constexpr int requests = 1000;
  std::atomic<int> stored = 0, found = 0;
  std::latch all_set(requests), all_got(requests);
  for (int i = 0; i < requests; ++i) {
    cache.async_set("example:" + std::to_string(i), "value").then([&](cachekit::Result<bool> done) {
      if (done && *done) ++stored;
      all_set.count_down();  // Callbacks run one after the other, on a thread of the node.
    });
  }
  all_set.wait();
  for (int i = 0; i < requests; ++i) {
    cache.async_get("example:" + std::to_string(i)).then([&](auto value) {
      if (value && *value) ++found;
      all_got.count_down();
    });
  }
  all_got.wait();
  for (int i = 0; i < requests; ++i) cache.async_remove("example:" + std::to_string(i)).ignore();

  std::cout << stored << " stored, " << found << " found\n";
  return found == requests ? 0 : 1;
}
