#include "integration/expander/rigs.hpp"

#include <array>
#include <cstdio>

using namespace cachekit::test;

namespace {

// What the example prints; its exit code must be 0.
std::string run_example(const std::string& arguments) {
  FILE* pipe = popen((std::string(CACHEKIT_EXAMPLE_BACKENDS) + " " + arguments).c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string printed;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    printed.append(buffer.data(), got);
  }
  REQUIRE(pclose(pipe) == 0);
  return printed;
}

}  // namespace

TEST_CASE("the example prints the same over memory, Redis and Memcached", "[expander][examples]") {
  const RedisServer redis;
  const MemcachedServer memcached;
  const std::string greetings =
      "  Hello, from the source\n  Guten Tag, from the source\n  Hello, from the cache\n";
  CHECK(run_example("memory: " + redis.url() + " " + memcached.url()) ==
        "memory, Tier-1\n" + greetings + "redis, Tier-0\n" + greetings + "memcached, Tier-0\n" +
            greetings);
}
