#include <cachekit/config.hpp>
#include <cachekit/memcached.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/redis.hpp>
#include <cachekit/version.hpp>

#include <cstdio>

// A foreign program: it works with the in-process cache, and makes the linker find the others.
int main() {
  const cachekit::RedisBackend redis;
  const cachekit::MemcachedBackend memcached{{.servers = {"127.0.0.1:11211"}}};
  const auto chosen = cachekit::make_backend(cachekit::Settings{});

  cachekit::InMemoryBackend cache;
  const auto stored = cache.set("greeting", "hello");
  const auto found = cache.get("greeting");
  if (!chosen || !stored || !found || !found->has_value()) {
    return 1;
  }
  std::printf("cachekit %s: %s from %s, not %s or %s\n", cachekit::version(), (*found)->c_str(),
              cache.target().c_str(), redis.target().c_str(), memcached.target().c_str());
  return 0;
}
