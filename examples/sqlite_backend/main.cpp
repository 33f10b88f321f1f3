// A backend of one's own, used as any other: a cache that is still there when the program is not.
//
//     example_sqlite_backend [FILE]        cachekit.sqlite by default; whatever it holds is removed

#include "sqlite_driver.hpp"

#include <iostream>

namespace {

cachekit::Result<void> fill(cachekit::CacheBackend& cache) {
  if (auto cleared = cache.clear(); !cleared) return cleared;
  for (const char* name : {"Ada", "Grace", "Barbara"}) {
    const auto number = cache.increment("users");
    if (!number) return cachekit::fail(number.error());
    const std::string key = "user:" + std::to_string(*number);
    const auto stored = cache.set(key, name, {.ttl = std::chrono::hours(1)});
    if (!stored) return cachekit::fail(stored.error());
  }
  return {};
}

cachekit::Result<void> show(cachekit::CacheBackend& cache) {
  std::cout << cache.name() << ", " << to_string(cache.tier()) << '\n';
  auto seen = cache.scan({.pattern = "user:*"}, [&](std::string_view key) {
    const auto value = cache.get(key);
    std::cout << "  " << key << ": " << (value ? value->value_or("gone") : "lost") << '\n';
    return true;
  });
  if (!seen) return seen;
  const auto removed = cache.remove_matching("user:[12]");
  if (!removed) return cachekit::fail(removed.error());
  std::cout << "  removed " << *removed << ", left " << cache.stats().nodes.at(0).items.value_or(0)
            << '\n';
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  sqlite_cache::SqliteConfig config;
  if (count > 1) config.file = arguments[1];
  auto done = fill(*sqlite_cache::make_backend(config));
  if (done) done = show(*sqlite_cache::make_backend(config));  // Another one finds all of it.
  if (done) return 0;
  std::cerr << done.error().describe() << "\nhint: " << done.error().hint << '\n';
  return 1;
}
