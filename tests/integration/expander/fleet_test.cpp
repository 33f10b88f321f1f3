// Many processes, one cold key: one load, whoever makes it, and whoever dies over it.

#include "integration/expander/rigs.hpp"
#include "support/gate.hpp"

#include <csignal>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// What processes tell each other.
struct Shared {
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::atomic<int> loads{0};
  std::atomic<int> wrong{0};
};

class SharedMemory {
 public:
  SharedMemory()
      : shared_(new (::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Shared()) {}
  ~SharedMemory() { ::munmap(shared_, sizeof(Shared)); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  [[nodiscard]] Shared* operator->() const noexcept { return shared_; }
  [[nodiscard]] Shared& operator*() const noexcept { return *shared_; }

 private:
  Shared* shared_;
};

constexpr int processes = 8;
constexpr int callers = 12;
constexpr int keys = 20;

// All callers of one process ask for all keys, in the same order.
void fetch_all(const RedisServer& server, Shared& shared) {
  RedisBackend backend({.host = server.host(), .port = server.port(), .leases = true});
  CacheExpander expander(backend, {.cache_timeout = 10s});
  if (!backend.connect()) ++shared.wrong;
  ++shared.ready;
  while (!shared.go) std::this_thread::yield();
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([&] {
      for (int key = 0; key < keys; ++key) {
        const auto fetched = expander.fetch<Article>(key, [&] {
          ++shared.loads;
          std::this_thread::yield();
          return Article{std::to_string(key)};
        });
        if (!fetched || !*fetched || (*fetched)->text != std::to_string(key)) ++shared.wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// A process of its own that runs this and ends.
template <typename Run>
pid_t fork_for(const Run& run) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    run();
    ::_exit(0);
  }
  return child;
}

}  // namespace

TEST_CASE("of many processes that miss a key together one loads it", "[expander][fleet]") {
  const RedisServer server;
  const SharedMemory shared;
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    children.push_back(fork_for([&] { fetch_all(server, *shared); }));
  }
  CHECK(eventually([&] { return shared->ready == processes; }));
  shared->go = true;
  for (const pid_t child : children) {
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  CHECK(shared->wrong == 0);
  CHECK(shared->loads == keys);
}

TEST_CASE("a process that is killed while it loads blocks nobody for longer than its lease",
          "[expander][fleet]") {
  const RedisServer server;
  const SharedMemory shared;
  const ExpanderOptions options{.policy = {.load_lease = 500ms}, .cache_timeout = 10s};
  const pid_t child = fork_for([&] {
    RedisBackend backend({.host = server.host(), .port = server.port(), .leases = true});
    CacheExpander expander(backend, options);
    static_cast<void>(expander.fetch<Article>(1, [&]() -> Article {
      ++shared->loads;
      for (;;) ::pause();
    }));
  });
  REQUIRE(eventually([&] { return shared->loads == 1; }));
  CHECK(::kill(child, SIGKILL) == 0);
  CHECK(::waitpid(child, nullptr, 0) == child);

  RedisBackend backend({.host = server.host(), .port = server.port(), .leases = true});
  CacheExpander expander(backend, options);
  const auto fetched = expander.fetch<Article>(1, [] { return Article{"mine"}; });
  REQUIRE(fetched);
  CHECK((*fetched)->text == "mine");
  CHECK(expander.find<Article>(1)->has_value());
}

TEST_CASE("an invalidation by another process beats a load on Redis", "[expander][fleet]") {
  const RedisServer server;
  const RedisConfig config{.host = server.host(), .port = server.port(), .leases = true};
  RedisBackend mine(config), theirs(config);
  CacheExpander ours(mine, {.cache_timeout = 10s}), others(theirs, {.cache_timeout = 10s});
  const auto overtaken = [&] {
    CHECK(others.invalidate<Article>(1));
    return Article{"old"};
  };
  CHECK((*ours.fetch<Article>(1, overtaken))->text == "old");
  CHECK_FALSE(ours.find<Article>(1)->has_value());

  // And one that refreshes what is there: only in its very place.
  CacheExpander refreshing(mine, {.policy = {.refresh_ahead = 1e12}, .cache_timeout = 10s});
  const auto slow = [] {  // Else it is never due.
    std::this_thread::sleep_for(1ms);
    return Article{"first"};
  };
  REQUIRE(refreshing.fetch<Article>(2, slow));
  const auto overtaken_by_put = [&] {
    CHECK(others.put(2, Article{"newer"}));
    return Article{"old"};
  };
  CHECK((*refreshing.fetch<Article>(2, overtaken_by_put))->text == "old");
  CHECK((*ours.find<Article>(2))->text == "newer");
}
