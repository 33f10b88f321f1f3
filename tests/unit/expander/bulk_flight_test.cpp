// Calls for many ids that overlap, with each other and with calls for one, in virtual time.

#include "support/catch.hpp"
#include "unit/expander/entities.hpp"

#include <cachekit/memory.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

using Ids = std::vector<int>;
using Answers = std::vector<Result<Fetched<User>>>;

// A slow source, over a cache in the process.
struct SlowBulk {
  explicit SlowBulk(FetchPolicy policy = {.jitter = 0})
      : expander(backend, {.policy = policy, .runtime = &runtime}) {}

  [[nodiscard]] auto loader(std::chrono::milliseconds takes, std::string says = "a user") {
    return [this, takes, says](std::span<const int> ids) {
      asked.emplace_back(ids.begin(), ids.end());
      runtime.sleep_for(takes);
      std::map<int, User> users;
      for (const int id : ids) users[id] = User{says};
      return users;
    };
  }
  // A call that begins at that time.
  void fetch_at(std::chrono::milliseconds at, Ids ids, std::chrono::milliseconds takes,
                Answers& answers, FetchOptions options = {}) {
    runtime.execute([this, at, ids = std::move(ids), takes, &answers, options] {
      runtime.sleep_for(at);
      answers = expander.fetch_many<User>(ids, loader(takes), options);
      over.push_back(std::chrono::floor<std::chrono::milliseconds>(runtime.now() - start));
    });
  }
  [[nodiscard]] int times_asked(int id) const {
    int times = 0;
    for (const Ids& ids : asked) times += std::count(ids.begin(), ids.end(), id) > 0 ? 1 : 0;
    return times;
  }

  VirtualRuntime runtime{};
  InMemoryBackend backend{{}, runtime};
  CacheExpander expander;
  Runtime::steady_time start = runtime.now();
  std::vector<Ids> asked{};
  std::vector<std::chrono::milliseconds> over{};  ///< When calls ended.
};

int waited(const Answers& answers) {
  int count = 0;
  for (const auto& answer : answers) {
    REQUIRE(answer);
    REQUIRE(answer->has_value());
    count += answer->waited_for == WaitedFor::caller ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("an id that another bulk call loads is waited for, and not loaded",
          "[expander][bulk][flight]") {
  SlowBulk t;
  Answers first, second;
  t.runtime.run([&] {
    t.fetch_at(0ms, {1, 2}, 10ms, first);
    t.fetch_at(1ms, {2, 3}, 20ms, second);
  });
  CHECK(t.asked == std::vector<Ids>{{1, 2}, {3}});
  CHECK(waited(first) == 0);
  CHECK(waited(second) == 1);
  CHECK(second[0]->waited_for == WaitedFor::caller);
  CHECK(t.over == std::vector<std::chrono::milliseconds>{10ms, 21ms});
}

TEST_CASE("of bulk calls that overlap each loads what nobody loads yet",
          "[expander][bulk][flight]") {
  SlowBulk t;
  Answers first, second, third;
  t.runtime.run([&] {
    t.fetch_at(0ms, {1}, 5ms, third);
    t.fetch_at(1ms, {2, 1, 3}, 10ms, first);
    t.fetch_at(2ms, {4, 3, 1, 2}, 20ms, second);
  });
  CHECK(t.asked == std::vector<Ids>{{1}, {2, 3}, {4}});
  CHECK(waited(first) == 1);
  CHECK(waited(second) == 3);
}

TEST_CASE("a call for one id waits for the bulk call that loads it, and the other way round",
          "[expander][bulk][flight]") {
  SlowBulk t;
  Answers many;
  t.runtime.run([&] {
    t.runtime.execute([&] {
      const auto one = t.expander.fetch<User>(1, [&] {
        t.runtime.sleep_for(10ms);
        return User{"of one"};
      });
      CHECK((*one)->name == "of one");
    });
    t.fetch_at(1ms, {1, 2}, 30ms, many);
    t.runtime.execute([&] {
      t.runtime.sleep_for(2ms);
      const auto one = t.expander.fetch<User>(2, [] { return User{"of one"}; });
      CHECK((*one)->name == "a user");
      CHECK(one->waited_for == WaitedFor::caller);
    });
  });
  CHECK(t.asked == std::vector<Ids>{{2}});
  CHECK((*many[0])->name == "of one");
}

TEST_CASE("the bulk loader of a withdrawn call goes on while others want one of its answers",
          "[expander][bulk][flight]") {
  SlowBulk t;
  Answers first, second;
  std::stop_source stop;
  t.runtime.run([&] {
    t.runtime.execute([&] {
      const auto goes_on = [&](std::span<const int>, BulkLoadContext& context) {
        t.runtime.sleep_for(10ms);
        CHECK_FALSE(context.stop_token().stop_requested());
        return std::map<int, User>{{1, User{"a user"}}, {2, User{"a user"}}};
      };
      first = t.expander.fetch_many<User>(Ids{1, 2, 3}, goes_on, {.stop = stop.get_token()});
    });
    t.fetch_at(1ms, {1, 2}, 10ms, second);
    t.runtime.sleep_for(5ms);
    stop.request_stop();
  });
  CHECK(waited(second) == 2);
  CHECK(t.asked.empty());
}

TEST_CASE("a bulk loader is told when nobody wants any of its answers",
          "[expander][bulk][flight]") {
  SlowBulk t;
  std::stop_source stop;
  bool told = false;
  t.runtime.run([&] {
    t.runtime.execute([&] {
      const auto loader = [&](std::span<const int>, BulkLoadContext& context) {
        t.runtime.sleep_for(10ms);
        told = context.stop_token().stop_requested();
        return std::map<int, User>();
      };
      static_cast<void>(t.expander.fetch_many<User>(Ids{1, 2}, loader, {.stop = stop.get_token()}));
    });
    t.runtime.sleep_for(5ms);
    stop.request_stop();
  });
  CHECK(told);
}

TEST_CASE("a bulk load that hangs holds others up for one lease, and then is made once",
          "[expander][bulk][flight]") {
  SlowBulk t({.jitter = 0, .load_lease = 100ms});
  Answers hanging, other;
  t.runtime.run([&] {
    t.fetch_at(0ms, {1, 2, 3}, 10s, hanging);
    t.fetch_at(10ms, {2, 3, 1}, 10ms, other);
  });
  CHECK(waited(other) == 0);
  CHECK(t.asked == std::vector<Ids>{{1, 2, 3}, {2, 3, 1}});
  CHECK(t.over == std::vector<std::chrono::milliseconds>{110ms, 10s});
}

TEST_CASE("a bulk call waits for others no longer than it may, and gets the rest",
          "[expander][bulk][flight]") {
  SlowBulk t;
  Answers slow, impatient;
  t.runtime.run([&] {
    t.fetch_at(0ms, {1, 2}, 1s, slow);
    t.fetch_at(1ms, {1, 3, 2}, 5ms, impatient, {.wait_timeout = 50ms});
  });
  REQUIRE_FALSE(impatient[0]);
  CHECK(impatient[0].error().code == Errc::timeout);
  CHECK_FALSE(impatient[2]);
  REQUIRE(impatient[1]);
  CHECK(t.over == std::vector<std::chrono::milliseconds>{51ms, 1s});
  CHECK(waited(slow) == 0);
}

TEST_CASE("a withdrawn bulk call waits for nobody", "[expander][bulk][flight]") {
  SlowBulk t;
  Answers slow, withdrawn;
  std::stop_source stop;
  t.runtime.run([&] {
    t.fetch_at(0ms, {1, 2}, 1s, slow);
    t.fetch_at(1ms, {1, 2}, 5ms, withdrawn, {.stop = stop.get_token()});
    t.runtime.sleep_for(10ms);
    stop.request_stop();
  });
  for (const auto& answer : withdrawn) {
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::cancelled);
  }
  CHECK(t.over == std::vector<std::chrono::milliseconds>{10ms, 1s});
}

TEST_CASE("a bulk loader that fetches a key that it loads is told so", "[expander][bulk]") {
  SlowBulk t;
  const auto loader = [&](std::span<const int> ids) {
    std::map<int, User> users;
    for (const int id : ids) users[id] = User{"a user"};
    const Answers inner = t.expander.fetch_many<User>(Ids{2, 3}, t.loader(0ms));
    REQUIRE_FALSE(inner[0]);
    CHECK(inner[0].error().code == Errc::invalid_argument);
    CHECK(inner[1]);
    return users;
  };
  CHECK(waited(t.expander.fetch_many<User>(Ids{1, 2}, loader)) == 0);
}

TEST_CASE("bulk loaders that would wait for each other's keys are told so",
          "[expander][bulk][flight]") {
  SlowBulk t;
  int refused = 0;
  const auto calls = [&](Ids mine, Ids others) {
    const auto loader = [&, others](std::span<const int> ids) {
      t.runtime.sleep_for(5ms);
      for (const auto& inner : t.expander.fetch_many<User>(others, t.loader(1ms))) {
        if (!inner) refused += inner.error().code == Errc::invalid_argument ? 1 : 100;
      }
      std::map<int, User> users;
      for (const int id : ids) users[id] = User{"a user"};
      return users;
    };
    CHECK(waited(t.expander.fetch_many<User>(mine, loader)) == 0);
  };
  t.runtime.run([&] {
    t.runtime.execute([&] { calls({1, 2}, {3}); });
    t.runtime.execute([&] { calls({3, 4}, {2}); });
  });
  CHECK(refused == 1);
}

TEST_CASE("who waits for a stale id gets it at once, and loads the rest",
          "[expander][bulk][stale]") {
  SlowBulk t({.jitter = 0, .stale_for = 1h});
  Answers first, second;
  static_cast<void>(t.expander.fetch_many<User>(Ids{1}, t.loader(0ms), {.ttl = 1s}));
  t.runtime.advance(2s);
  t.start = t.runtime.now();
  t.runtime.run([&] {
    t.fetch_at(0ms, {1}, 1s, first);
    t.fetch_at(1ms, {1, 2}, 5ms, second);
  });
  REQUIRE(second[0]);
  CHECK(second[0]->origin == Origin::stale);
  CHECK(second[1]->origin == Origin::source);
  CHECK(t.asked == std::vector<Ids>{{1}, {1}, {2}});
  CHECK(t.over == std::vector<std::chrono::milliseconds>{6ms, 1s});
}

TEST_CASE("a bulk call whose keys another process loads waits for its values",
          "[expander][bulk][fleet]") {
  SlowBulk t;
  CacheExpander other(t.backend, {.policy = {.jitter = 0}, .runtime = &t.runtime});
  Answers first, second;
  t.runtime.run([&] {
    t.fetch_at(0ms, {1, 2}, 100ms, first);
    t.runtime.execute([&] {
      t.runtime.sleep_for(1ms);
      second = other.fetch_many<User>(Ids{2, 3}, t.loader(10ms, "another"));
    });
  });
  CHECK(t.asked == std::vector<Ids>{{1, 2}, {3}});
  REQUIRE(second[0]);
  CHECK(second[0]->waited_for == WaitedFor::process);
  CHECK((*second[0])->name == "a user");
  CHECK((*second[1])->name == "another");
}

TEST_CASE("the leases of a bulk load that fails are free for the next process",
          "[expander][bulk][fleet]") {
  SlowBulk t;
  CacheExpander other(t.backend, {.policy = {.jitter = 0}, .runtime = &t.runtime});
  const auto fails = [](std::span<const int>) -> std::map<int, User> {
    throw std::runtime_error("down");
  };
  CHECK_FALSE(t.expander.fetch_many<User>(Ids{1, 2}, fails)[0]);
  const Answers answers = other.fetch_many<User>(Ids{1, 2}, t.loader(0ms));
  CHECK(waited(answers) == 0);
  CHECK(answers[0]->waited_for == WaitedFor::nobody);
  CHECK(t.runtime.now() == t.start);
}

TEST_CASE("a bulk loader that can only be moved goes into the background once",
          "[expander][bulk]") {
  SlowBulk t({.jitter = 0, .hard_timeout = 100ms});
  auto loader = [&t, alone = std::make_unique<int>(7)](std::span<const int> ids) {
    t.runtime.sleep_for(std::chrono::milliseconds(*alone));
    std::map<int, User> users;
    for (const int id : ids) users[id] = User{"a user"};
    return users;
  };
  t.runtime.run([&] {
    const Answers kept = t.expander.fetch_many<User>(Ids{1, 2}, loader);
    REQUIRE_FALSE(kept[0]);
    CHECK(kept[0].error().code == Errc::invalid_argument);
    CHECK(waited(t.expander.fetch_many<User>(Ids{1, 2}, std::move(loader))) == 0);
  });
}
