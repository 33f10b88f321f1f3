// What callers that share connections must not do to each other.

#include "rig.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// What the threads saw; a value is right when it names the key that was asked for.
struct Looks {
  std::atomic<int> right{0}, wrong{0};

  void look(std::string_view key, const Result<std::optional<std::string>>& outcome) {
    if (!outcome || !*outcome) return;
    const bool own =
        (*outcome)->starts_with(std::string(key) + "=") && (*outcome)->ends_with("=end");
    ++(own ? right : wrong);
  }
};

std::string value_of(std::string_view key, unsigned size) {
  return std::string(key) + "=" + std::string(size, '\n') + "=end";
}

// Some calls of one thread; every value that comes back is looked at.
class Caller {
 public:
  Caller(CacheBackend& cache, Looks& seen) : cache_(cache), seen_(seen) {}

  void step(unsigned thread) {
    const unsigned turn = turns_[thread % turns_.size()]++;
    const std::string key = "key" + std::to_string((turn * 7 + thread) % 40);
    const std::string other = "key" + std::to_string((turn * 3 + thread) % 40);
    const auto budget = turn % 3 == 0 ? 3ms : 40ms;
    switch (turn % 4) {
      case 0:
        static_cast<void>(cache_.set(key, value_of(key, turn * 13 % 500), {.timeout = budget}));
        break;
      case 1: {
        const std::array<std::string_view, 2> keys{key, other};
        const auto outcomes = cache_.get_many(keys, {.timeout = budget});
        seen_.look(key, outcomes.at(0));
        seen_.look(other, outcomes.at(1));
        break;
      }
      default:
        seen_.look(key, cache_.get(key, {.timeout = budget}));
    }
  }

 private:
  CacheBackend& cache_;
  Looks& seen_;
  std::array<unsigned, 16> turns_{};  // Each is one thread's.
};

}  // namespace

TEST_CASE("many threads read only values of their own keys over a server that stops and dies",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  Looks seen;
  Caller caller(rig.cache(), seen);
  Crew crew(12, [&](unsigned thread) { caller.step(thread); });
  const auto errors = [&] { return rig.cache().metrics().snapshot().errors; };
  for (int round = 0; round < 20; ++round) {
    const auto errors_before = errors();
    const auto some_failed = [&] { return errors() > errors_before + 5; };
    if (round % 4 == 0) rig.proxy().split_bytes();
    if (round % 4 == 1) rig.server().stop();
    if (round % 4 == 2) rig.proxy().hold_requests();
    if (round % 4 == 3) rig.server().kill();
    if (round % 4 != 0) CHECK(eventually(some_failed));
    if (round % 4 == 1) rig.server().resume();
    if (round % 4 == 3) rig.server().restart();
    rig.proxy().pass();
    const int right_before = seen.right;
    CHECK(eventually([&] { return seen.right > right_before + 50; }));
    rig.proxy().join_bytes();
  }
  crew.stop();
  CHECK(seen.wrong == 0);
}

TEST_CASE("increments of many threads whose replies are lost are counted once or not at all",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  constexpr unsigned threads = 8;
  std::array<std::vector<std::int64_t>, threads> sums;
  std::atomic<std::int64_t> done{0}, in_doubt{0}, other{0};
  Crew crew(threads, [&](unsigned thread) {
    const auto sum = rig.cache().increment("n");
    if (sum) {
      sums[thread].push_back(*sum);
      ++done;
    } else if (sum.error().code == Errc::outcome_unknown) {
      ++in_doubt;
    } else if (sum.error().code != Errc::unavailable) {  // That is: the greeting was cut, not sent.
      ++other;
    }
  });
  for (int round = 0; round < 40; ++round) {
    std::int64_t done_before = done;
    const std::int64_t in_doubt_before = in_doubt;
    CHECK(eventually([&] {
      if (done > done_before) {  // Again when one met a greeting, which leaves nobody in doubt.
        done_before = done;
        rig.proxy().cut_replies_after(0);
      }
      return in_doubt > in_doubt_before;
    }));
  }
  crew.stop();
  CHECK(other == 0);
  const std::int64_t total = must(rig.truth().increment("n", 0));
  CHECK(total >= done);
  CHECK(total <= done + in_doubt);

  std::vector<std::int64_t> all;
  for (const auto& own : sums) all.insert(all.end(), own.begin(), own.end());
  std::ranges::sort(all);
  CHECK(std::ranges::adjacent_find(all) == all.end());  // No two callers were given one sum.
}

TEST_CASE("idle connections that the peer closed fail none of the callers who come at once",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  constexpr unsigned callers = 16;
  constexpr int rounds = 20;
  std::atomic<int> failed{0};
  for (int round = 0; round < rounds; ++round) {
    in_parallel(callers, [&](unsigned) { failed += rig.cache().increment("n") ? 0 : 1; });
    if (round % 2 == 0) rig.proxy().close_connections();
    if (round % 2 == 1) rig.proxy().reset_connections();
  }
  CHECK(failed == 0);
  CHECK(must(rig.truth().increment("n", 0)) == rounds * callers);
}

TEST_CASE("what was refused while the server was out of reach is not done later", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  rig.proxy().refuse();
  rig.proxy().reset_connections();
  constexpr unsigned callers = 16;
  constexpr int calls = 20;
  std::atomic<int> refused{0};
  in_parallel(callers, [&](unsigned thread) {
    for (int i = 0; i < calls; ++i) {
      const std::string key = "late" + std::to_string(thread) + "-" + std::to_string(i);
      refused += code_of(rig.cache().set(key, "value")) == "unavailable" ? 1 : 0;
    }
  });
  CHECK(refused == callers * calls);
  rig.proxy().accept();
  CHECK(eventually([&] { return rig.cache().get("k") == "v"; }));
  CHECK(rig.truth().stats().nodes.at(0).items == 1U);
}
