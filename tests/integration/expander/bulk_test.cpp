// Many ids at once over real servers.

#include "integration/expander/rigs.hpp"
#include "support/gate.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

struct RedisLeaseRig {
  RedisServer server{};
  RedisBackend backend{{.host = server.host(), .port = server.port(), .leases = true}};
};

// What a source was asked for by all callers.
class Asked {
 public:
  [[nodiscard]] std::map<int, Article> load(std::span<const int> ids) {
    std::map<int, Article> articles;
    const std::lock_guard lock(mutex_);
    ++calls_;
    for (const int id : ids) {
      ++times_[id];
      if (id < 1000) articles[id] = Article{std::to_string(id)};
    }
    return articles;
  }
  [[nodiscard]] int calls() const noexcept { return calls_; }
  [[nodiscard]] bool nothing_twice() const {
    return std::all_of(times_.begin(), times_.end(),
                       [](const auto& one) { return one.second == 1; });
  }

 private:
  std::mutex mutex_{};  // guards what follows
  int calls_ = 0;
  std::map<int, int> times_{};
};

std::vector<int> ids_between(int first, int last) {
  std::vector<int> ids(static_cast<std::size_t>(last - first));
  std::iota(ids.begin(), ids.end(), first);
  return ids;
}

bool right(const std::vector<Result<Fetched<Article>>>& answers, const std::vector<int>& ids) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!answers[i] || answers[i]->cache_error || !answers[i]->has_value()) return false;
    if ((*answers[i])->text != std::to_string(ids[i])) return false;
  }
  return answers.size() == ids.size();
}

}  // namespace

TEMPLATE_TEST_CASE("many entities are read, loaded and stored together", "[expander][bulk]",
                   MemoryRig, RedisRig, RedisLeaseRig, MemcachedRig) {
  Subject<TestType> t;
  Asked asked;
  const auto loader = [&](std::span<const int> ids) { return asked.load(ids); };
  const FetchOptions negative{.policy = FetchPolicy{.negative_ttl = 1min}};
  CHECK(t.expander.put(3, Article{"3"}));
  const std::vector<int> ids = ids_between(0, 500);
  CHECK(right(t.expander.template fetch_many<Article>(ids, loader), ids));
  CHECK(asked.calls() == 1);
  CHECK(right(t.expander.template fetch_many<Article>(ids, loader), ids));
  CHECK(asked.calls() == 1);
  CHECK(t.expander.metrics().snapshot().hits == 501);

  // One is dropped, and some there are not.
  CHECK(t.expander.template invalidate<Article>(7));
  const std::vector<int> more{7, 1000, 8, 1001};
  const auto answers = t.expander.template fetch_many<Article>(more, loader, negative);
  CHECK(right({answers[0], answers[2]}, {7, 8}));
  CHECK(answers[2]->origin == Origin::cache);
  REQUIRE(answers[1]);
  CHECK_FALSE(answers[1]->has_value());
  CHECK(asked.calls() == 2);
  CHECK_FALSE(t.expander.template fetch_many<Article>(more, loader, negative)[3]->has_value());
  CHECK(asked.calls() == 2);
}

TEMPLATE_TEST_CASE("calls for many that overlap load everything once, and end", "[expander][bulk]",
                   MemoryRig, RedisRig, RedisLeaseRig, MemcachedRig) {
  Subject<TestType> t;
  Asked asked;
  std::atomic<int> wrong{0};
  for (int round = 0; round < 20; ++round) {
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 6; ++caller) {
      callers.emplace_back([&, caller] {
        std::vector<int> ids = ids_between(round * 40 + caller, round * 40 + caller + 20);
        if (caller % 2 == 0) std::reverse(ids.begin(), ids.end());
        const auto loader = [&](std::span<const int> missing) {
          auto articles = asked.load(missing);
          std::this_thread::yield();
          return articles;
        };
        wrong += right(t.expander.template fetch_many<Article>(ids, loader), ids) ? 0 : 1;
      });
    }
    for (std::thread& caller : callers) caller.join();
  }
  CHECK(wrong == 0);
  CHECK(asked.nothing_twice());
}

TEST_CASE("of processes that load the same many entities each is loaded once",
          "[expander][bulk][fleet]") {
  const RedisServer server;
  const RedisConfig config{.host = server.host(), .port = server.port(), .leases = true};
  std::array<RedisBackend, 2> backends{RedisBackend(config), RedisBackend(config)};
  CacheExpander one(backends[0], {.cache_timeout = 10s}), two(backends[1], {.cache_timeout = 10s});
  Asked asked;
  Gate loading, waiting;
  const std::vector<int> first = ids_between(0, 50), second = ids_between(25, 75);
  std::vector<Result<Fetched<Article>>> answers;
  std::thread caller([&] {
    answers = one.fetch_many<Article>(first, [&](std::span<const int> ids) {
      loading.open();
      static_cast<void>(waiting.wait());
      return asked.load(ids);
    });
  });
  REQUIRE(loading.wait());
  const auto others = two.fetch_many<Article>(second, [&](std::span<const int> ids) {
    CHECK(ids.size() == 25);  // It loads its own first.
    waiting.open();
    return asked.load(ids);
  });
  caller.join();
  CHECK(right(answers, first));
  CHECK(right(others, second));
  CHECK(others.front()->waited_for == WaitedFor::process);
  CHECK(asked.calls() == 2);
  CHECK(asked.nothing_twice());
}
