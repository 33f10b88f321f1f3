// Asking without waiting: the answers are those of the blocking calls, each is given once.

#include "subject.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

using Value = std::optional<std::string>;

// Which codes the callbacks were given. Catch2's assertions belong to one thread.
struct Answers {
  std::atomic<int> calls{0};
  std::atomic<int> errors{0};
  std::atomic<int> wrong{0};

  [[nodiscard]] auto wants(std::string value) {
    return [this, value = std::move(value)](const Result<Value>& result) {
      if (!result) {
        ++errors;
      } else if (*result != value) {
        ++wrong;
      }
      ++calls;
    };
  }
};

}  // namespace

TEST_CASE("an asynchronous call gives the same answer as its blocking twin", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k"), number = cache.key("n"), missing = cache.key("missing");
  CHECK(must(cache->async_get(key).get()) == std::nullopt);
  CHECK_FALSE(must(cache->async_exists(key).get()));
  CHECK_FALSE(must(cache->async_remove(key).get()));
  CHECK_FALSE(must(cache->async_touch(key, 60s).get()));

  CHECK(must(cache->async_set(key, "a\r\n\0b", {.ttl = 60s}).get()));
  CHECK(must(cache->async_get(key).get()) == must(cache->get(key)));
  CHECK(must(cache->async_exists(key).get()));
  CHECK(must(cache->async_touch(key, 600s).get()));
  CHECK(must(cache->ttl(key))->duration() > 60s);

  CHECK_FALSE(must(cache->async_set(key, "x", {.condition = SetCondition::if_absent}).get()));
  CHECK_FALSE(must(cache->async_set(missing, "x", {.condition = SetCondition::if_present}).get()));
  CHECK(must(cache->async_set(key, "", {.condition = SetCondition::if_present}).get()));
  CHECK(must(cache->get(key)) == "");
  CHECK(must(cache->async_remove(key).get()));
  CHECK(must(cache->get(key)) == std::nullopt);

  CHECK(must(cache->async_increment(number).get()) == 1);
  CHECK(must(cache->async_increment(number, 41).get()) == 42);
  must(cache->set(key, "no number"));
  CHECK(code_of(cache->async_increment(key).get()) == code_of(cache->increment(key)));
}

TEST_CASE("an asynchronous call copies what it was given", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  std::string key = cache.key("k"), value(10'000, 'v');
  auto stored = cache->async_set(key, value);
  key.assign(key.size(), '-');
  value.assign(value.size(), '-');
  CHECK(must(stored.get()));
  CHECK(must(cache->get(cache.key("k"))) == std::string(10'000, 'v'));
}

TEST_CASE("an asynchronous value that is too large leaves nothing older behind",
          "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k"), huge(cache.oversize(), 'x');
  const SetCondition condition = GENERATE(SetCondition::always, SetCondition::if_present);
  must(cache->set(key, "old"));
  CHECK(code_of(cache->async_set(key, huge, {.condition = condition}).get()) == "too_large");
  CHECK(must(cache->async_get(key).get()) == std::nullopt);
  CHECK(cache->metrics().snapshot().removes == 0);
}

// Memcached itself drops the older entry of any store that it refuses, `if_absent` included.
TEST_CASE("an asynchronous value that is too large for if_absent leaves the older entry or none",
          "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k"), huge(cache.oversize(), 'x');
  must(cache->set(key, "old"));
  const auto outcome = cache->async_set(key, huge, {.condition = SetCondition::if_absent}).get();
  CHECK((!outcome || !*outcome));
  const std::optional<std::string> left = must(cache->async_get(key).get());
  CHECK((left == "old" || (cache.candidate().drops_what_it_refuses && !left)));
}

TEST_CASE("what cannot be asked is refused through the pending result", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k"), long_key(1U << 20U, 'k');
  CHECK(code_of(cache->async_get("").get()) == "invalid_argument");
  CHECK(code_of(cache->async_increment(long_key).get()) == code_of(cache->increment(long_key)));
  CHECK(code_of(cache->async_get(key, {.timeout = 0ms}).get()) == "invalid_argument");
  CHECK(code_of(cache->async_set(key, "v", {.timeout = -1ms}).get()) == "invalid_argument");
  CHECK(code_of(cache->async_set(key, "v", {.ttl = -1s}).get()) == "invalid_argument");
  CHECK(code_of(cache->async_touch(key, 0s).get()) == code_of(cache->touch(key, 0s)));
  CHECK(must(cache->get(key)) == std::nullopt);

  std::atomic<int> told{0};
  auto refused = cache->async_remove("");
  CHECK(refused.ready());
  refused.then([&](const Result<bool>& result) { told += result ? 100 : 1; });
  CHECK(told == 1);
}

TEST_CASE("a result can be taken once", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  auto taken = cache->async_get(cache.key("k"));
  CHECK(taken.valid());
  must(taken.get());
  CHECK_FALSE(taken.valid());
  CHECK_FALSE(taken.ready());
  CHECK(code_of(taken.get()) == "invalid_argument");
  taken.cancel();
  taken.ignore();

  Gate told;
  auto handed_on = cache->async_get(cache.key("k"));
  handed_on.then([&](const Result<Value>&) { told.open(); });
  CHECK(code_of(handed_on.get()) == "invalid_argument");
  int calls = 0;
  handed_on.then([&](const Result<Value>& result) { calls += result ? 100 : 1; });
  CHECK(calls == 1);
  CHECK(told.wait());
}

TEST_CASE("a result can be moved before it is taken", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->set(cache.key("a"), "A"));
  must(cache->set(cache.key("b"), "B"));
  auto first = cache->async_get(cache.key("a"));
  auto second = std::move(first);
  first = cache->async_get(cache.key("b"));
  CHECK(must(first.get()) == "B");
  CHECK(must(second.get()) == "A");
}

TEST_CASE("2,000 requests of one thread are under way at once and each gets its own answer",
          "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  std::vector<Pending<bool>> writes;
  for (int i = 0; i < 2'000; ++i) {
    writes.push_back(cache->async_set(cache.key(std::to_string(i)), "v" + std::to_string(i)));
  }
  for (auto& write : writes) CHECK(must(write.get()));

  std::vector<Pending<Value>> reads;
  for (int i = 0; i < 2'000; ++i) reads.push_back(cache->async_get(cache.key(std::to_string(i))));
  int wrong = 0;
  for (int i = 1'999; i >= 0; --i) {  // The newest first: it reads for all.
    if (must(reads[static_cast<std::size_t>(i)].get()) != "v" + std::to_string(i)) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("2,000 callbacks run once each, with the value of their key", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  Answers answers;
  for (int i = 0; i < 2'000; ++i) {
    const std::string key = cache.key(std::to_string(i)), value = "v" + std::to_string(i);
    cache->async_set(key, value).ignore();
    cache->async_get(key).then(answers.wants(value));  // One connection keeps the order.
  }
  CHECK(eventually([&] { return answers.calls >= 2'000; }));
  CHECK(answers.calls == 2'000);
  CHECK(answers.errors == 0);
  CHECK(answers.wrong == 0);
}

TEST_CASE("a window of 64 requests slides over many", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->set(cache.key("k"), "v"));
  std::deque<Pending<Value>> window;
  int good = 0;
  for (int i = 0; i < 5'000; ++i) {
    if (window.size() == 64) {
      good += must(window.front().get()) == "v" ? 1 : 0;
      window.pop_front();
    }
    window.push_back(cache->async_get(cache.key("k")));
  }
  for (auto& pending : window) good += must(pending.get()) == "v" ? 1 : 0;
  CHECK(good == 5'000);
}

TEST_CASE("threads that wait, that do not wait and that look at callbacks share one backend",
          "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  constexpr int rounds = 600;
  const std::string counter = cache.key("n");
  for (int i = 0; i < 8; ++i) must(cache->set(cache.key(std::to_string(i)), std::to_string(i)));
  Answers answers;
  std::atomic<int> sums{0}, callbacks{0};
  in_parallel(6, [&](unsigned thread) {
    std::deque<Pending<std::int64_t>> window;
    for (int i = 0; i < rounds; ++i) {
      const std::string value = std::to_string(i % 8), key = cache.key(value);
      switch (thread % 3) {
        case 0:
          answers.wants(value)(cache->get(key));
          break;
        case 1:
          cache->async_get(key).then([&answers, &callbacks, value](const Result<Value>& result) {
            answers.wants(value)(result);
            ++callbacks;
          });
          break;
        default:
          if (window.size() == 16) {
            if (window.front().get()) ++sums;
            window.pop_front();
          }
          window.push_back(cache->async_increment(counter));
      }
    }
    for (auto& pending : window) sums += pending.get() ? 1 : 0;
  });
  CHECK(eventually([&] { return callbacks == 2 * rounds; }));
  CHECK(answers.calls == 4 * rounds);
  CHECK(answers.errors == 0);
  CHECK(answers.wrong == 0);
  CHECK(sums == 2 * rounds);
  CHECK(must(cache->increment(counter, 0)) == 2 * rounds);
}

TEST_CASE("a write that is ignored or dropped arrives", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  cache->async_set(cache.key("ignored"), "v").ignore();
  { const auto dropped = cache->async_set(cache.key("dropped"), "v"); }
  const auto there = [&](const char* name) { return must(cache->get(cache.key(name))) == "v"; };
  CHECK(eventually([&] { return there("ignored") && there("dropped"); }));
}

TEST_CASE("a write that is ignored arrives with nobody looking", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!cache.candidate().shares_data) return;
  const auto observer = cache.candidate().make();
  for (int i = 0; i < 20; ++i) {
    const std::string key = cache.key(std::to_string(i));
    cache->async_set(key, "v").ignore();
    CHECK(eventually([&] { return must(observer->get(key)) == "v"; }));
  }
}

TEST_CASE("a callback may ask again", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  struct Chain {
    const Subject& cache;
    Gate over{};
    std::atomic<int> errors{0};

    void step(int left) {
      if (left == 0) return over.open();
      cache->async_increment(cache.key("n")).then([this, left](const Result<std::int64_t>& sum) {
        if (!sum) ++errors;
        step(left - 1);
      });
    }
  } chain{cache};
  chain.step(500);
  REQUIRE(chain.over.wait());
  CHECK(chain.errors == 0);
  CHECK(must(cache->increment(cache.key("n"), 0)) == 500);
}

TEST_CASE("asynchronous calls count as blocking ones do", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const auto twin = cache.candidate().make();
  const std::string key = cache.key("k");
  must(cache->async_set(key, "v").get());
  must(cache->async_get(key).get());
  must(cache->async_get(cache.key("missing")).get());
  must(cache->async_exists(key).get());
  must(cache->async_exists(cache.key("missing")).get());
  must(cache->async_touch(key, 60s).get());
  must(cache->async_remove(key).get());
  must(cache->async_remove(key).get());
  must(cache->async_increment(key).get());
  static_cast<void>(cache->async_get("").get());
  const MetricsSnapshot counts = cache->metrics().snapshot();

  must(cache->remove(key));
  must(twin->set(key, "v"));
  must(twin->get(key));
  must(twin->get(cache.key("missing")));
  must(twin->exists(key));
  must(twin->exists(cache.key("missing")));
  must(twin->touch(key, 60s));
  must(twin->remove(key));
  must(twin->remove(key));
  must(twin->increment(key));
  static_cast<void>(twin->get(""));
  const MetricsSnapshot expected = twin->metrics().snapshot();
  CHECK(counts.hits == expected.hits);
  CHECK(counts.misses == expected.misses);
  CHECK(counts.sets == expected.sets);
  CHECK(counts.removes == expected.removes);
  CHECK(counts.errors == expected.errors);
}

TEST_CASE("requests of which the answer is ignored are counted, too", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  cache->async_set(cache.key("k"), "v").ignore();
  cache->async_get(cache.key("missing")).ignore();
  CHECK(eventually([&] {
    const MetricsSnapshot counts = cache->metrics().snapshot();
    return counts.sets == 1 && counts.misses == 1;
  }));
}

TEST_CASE("destroying a backend settles what is under way, each request once",
          "[contract][async]") {
  CACHEKIT_FOR_EACH_CANDIDATE(candidate);
  std::atomic<int> calls{0}, wrong{0};
  const auto count = [&](const auto& result) {
    const bool known = result || result.error().code == Errc::cancelled ||
                       result.error().code == Errc::outcome_unknown;
    if (!known) ++wrong;
    ++calls;
  };
  for (int round = 0; round < 40; ++round) {
    auto backend = candidate.make();
    if (round % 2 == 0) must(backend->connect());
    std::vector<Pending<std::int64_t>> kept;
    for (int i = 0; i < 25 * (round % 5); ++i) {
      backend->async_get("destroyed:k").then(count);
      backend->async_increment("destroyed:n").then(count);
      kept.push_back(backend->async_increment("destroyed:n"));
      backend->async_set("destroyed:k", "v").ignore();
    }
    backend.reset();
    CHECK(calls == 2 * static_cast<int>(kept.size()));
    for (auto& pending : kept) {
      CHECK(pending.ready());
      count(pending.get());
    }
    CHECK(calls == 3 * static_cast<int>(kept.size()));
    calls = 0;
  }
  CHECK(wrong == 0);
}

namespace {

// Writes a large value without waiting and then a small one, when its thread ends.
struct LastWords {
  LastWords() = default;
  ~LastWords() {
    if (cache == nullptr) return;
    Pending<bool> first = cache->async_set(key, large, {.timeout = 20s});
    stored = cache->set(key, "new", {.timeout = 20s}).value_or(false) &&
             std::move(first).get().value_or(false);
  }
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;

  CacheBackend* cache = nullptr;
  std::string key{};
  std::string large = std::string(std::size_t{900} << 10U, 'o');
  static inline std::atomic<bool> stored{false};
};

}  // namespace

TEST_CASE("requests of one thread stay in order to its very end", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  for (int round = 0; round < 10; ++round) {
    LastWords::stored = false;
    std::thread([&] {
      static thread_local LastWords last;
      static_cast<void>(cache->async_get(cache.key("k")).get());
      last.cache = &*cache;
      last.key = cache.key("k");
    }).join();
    CHECK(LastWords::stored);
    CHECK((must(cache->get(cache.key("k"))) == "new"));
  }
}
