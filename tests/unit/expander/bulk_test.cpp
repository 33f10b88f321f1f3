// Many ids at once, in virtual time.

#include "support/catch.hpp"
#include "unit/expander/entities.hpp"

#include <cachekit/memory.hpp>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

using Ids = std::vector<int>;
using Users = std::map<int, User>;
using Answers = std::vector<Result<Fetched<User>>>;

User user_of(int id) { return {"user " + std::to_string(id)}; }

// A source of users with ids below 100, and what it was asked for.
struct BulkSource {
  std::vector<Ids> asked{};
  std::optional<std::string> failure{};

  [[nodiscard]] auto loader() {
    return [this](std::span<const int> ids) {
      asked.emplace_back(ids.begin(), ids.end());
      if (failure) throw std::runtime_error(*failure);
      Users users;
      for (const int id : ids) {
        if (id < 100) users.emplace(id, user_of(id));
      }
      return users;
    };
  }
};

// A server that counts the batches which it gets.
class CountingDriver final : public Driver {
 public:
  CountingDriver(InMemoryBackend& server, bool leases) : server_(server), leases_(leases) {}

  std::vector<std::size_t> batches{};
  bool gone = false;

  [[nodiscard]] std::string_view name() const noexcept override { return "counting"; }
  [[nodiscard]] Tier tier() const noexcept override { return Tier::shared; }
  [[nodiscard]] std::string target() const override { return "counting:1"; }
  [[nodiscard]] Capabilities capabilities() const override {
    return {.compare_and_set = true, .leases = leases_, .max_key_bytes = 250};
  }
  [[nodiscard]] std::chrono::milliseconds default_timeout() const noexcept override { return 60s; }
  void run(const AnyBatch& batch, Deadline /*deadline*/) override {
    batches.push_back(0);
    run_each(
        batch,
        [&]<typename Operation>(const Operation& operation) -> Result<typename Operation::Value> {
          ++batches.back();
          if (gone) return fail(Errc::unavailable, "gone");
          return server_.run(operation);
        });
  }

 private:
  InMemoryBackend& server_;
  const bool leases_;
};

struct Bulk {
  explicit Bulk(FetchPolicy policy = {.jitter = 0}, bool leases = false)
      : driver(new CountingDriver(server, leases)),
        backend(std::unique_ptr<Driver>(driver)),
        expander(backend, {.policy = policy, .runtime = &runtime}) {}

  [[nodiscard]] Answers fetch(const Ids& ids, const FetchOptions& options = {}) {
    return expander.fetch_many<User>(ids, source.loader(), options);
  }

  VirtualRuntime runtime{};
  InMemoryBackend server{{}, runtime};
  CountingDriver* driver;
  CacheBackend backend;
  CacheExpander expander;
  BulkSource source{};
};

void check_users(const Answers& answers, const Ids& ids) {
  REQUIRE(answers.size() == ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    CAPTURE(ids[i]);
    REQUIRE(answers[i]);
    REQUIRE(answers[i]->has_value());
    CHECK((*answers[i])->name == user_of(ids[i]).name);
  }
}

}  // namespace

TEST_CASE("many ids are one batch to the cache, one load, and one batch to store",
          "[expander][bulk]") {
  Bulk t;
  REQUIRE(t.expander.put(2, user_of(2)));
  t.driver->batches.clear();
  const Ids ids{3, 2, 1};
  const Answers answers = t.fetch(ids);
  check_users(answers, ids);
  CHECK(answers[0]->origin == Origin::source);
  CHECK(answers[0]->miss == MissReason::absent);
  CHECK(answers[1]->origin == Origin::cache);
  CHECK(t.source.asked == std::vector<Ids>{{3, 1}});
  CHECK(t.driver->batches == std::vector<std::size_t>{3, 2});
  check_users(t.fetch(ids), ids);
  CHECK(t.source.asked.size() == 1);
  const MetricsSnapshot metrics = t.expander.metrics().snapshot();
  CHECK(metrics.loads == 1);
  CHECK(metrics.hits == 4);
  CHECK(metrics.misses == 2);
  CHECK(metrics.sets == 3);
}

TEST_CASE("with leases of the fleet that is one batch more", "[expander][bulk]") {
  Bulk t({.jitter = 0}, true);
  check_users(t.fetch({1, 2, 3}), {1, 2, 3});
  CHECK(t.driver->batches == std::vector<std::size_t>{3, 3, 3});
  CHECK(t.source.asked == std::vector<Ids>{{1, 2, 3}});
}

TEST_CASE("no ids ask nobody", "[expander][bulk]") {
  Bulk t;
  CHECK(t.fetch({}).empty());
  CHECK(t.driver->batches.empty());
  CHECK(t.source.asked.empty());
}

TEST_CASE("an id that is named twice is loaded once, and answered twice", "[expander][bulk]") {
  Bulk t;
  const Ids ids{7, 8, 7, 7};
  check_users(t.fetch(ids), ids);
  CHECK(t.source.asked == std::vector<Ids>{{7, 8}});
  CHECK(t.driver->batches == std::vector<std::size_t>{2, 2});
}

TEST_CASE("an id that the bulk loader leaves out has no entity", "[expander][bulk]") {
  Bulk t({.jitter = 0, .negative_ttl = 1min});
  const Answers answers = t.fetch({1, 100});
  REQUIRE(answers[1]);
  CHECK_FALSE(answers[1]->has_value());
  CHECK(answers[1]->origin == Origin::none);
  const Answers again = t.fetch({100});
  REQUIRE(again[0]);
  CHECK_FALSE(again[0]->has_value());
  CHECK(again[0]->miss == MissReason::none);
  CHECK(t.source.asked.size() == 1);
  CHECK(t.expander.metrics().snapshot().negative_hits == 1);
}

TEST_CASE("a bulk loader that fails fails each id that it was asked for", "[expander][bulk]") {
  Bulk t;
  REQUIRE(t.expander.put(2, user_of(2)));
  t.source.failure = "down";
  const Answers answers = t.fetch({1, 2, 3}, {.loader_retries = 1});
  check_users({answers[1]}, {2});
  for (const std::size_t i : {0U, 2U}) {
    REQUIRE_FALSE(answers[i]);
    CHECK(answers[i].error().code == Errc::loader_failed);
    CHECK(answers[i].error().message == "the bulk loader failed: down");
  }
  CHECK(t.source.asked == std::vector<Ids>{{1, 3}, {1, 3}});
  t.source.failure.reset();
  check_users(t.fetch({1, 3}), {1, 3});
}

TEST_CASE("a value that cannot be encoded is no other id's failure", "[expander][bulk]") {
  Bulk t;
  const auto loader = [](std::span<const int> ids) {
    Users users;
    for (const int id : ids) users[id] = id == 1 ? User{"cannot be encoded"} : user_of(id);
    return users;
  };
  const Answers answers = t.expander.fetch_many<User>(Ids{1, 2}, loader);
  REQUIRE(answers[0]);
  CHECK((*answers[0])->name == "cannot be encoded");
  REQUIRE(answers[0]->cache_error);
  CHECK(answers[0]->cache_error->code == Errc::invalid_argument);
  REQUIRE(answers[1]);
  CHECK_FALSE(answers[1]->cache_error);
  CHECK(t.expander.find<User>(2)->has_value());
}

TEST_CASE("an impossible id is an error of its own", "[expander][bulk]") {
  Bulk t;
  const std::vector<std::string_view> ids{"", "a"};
  const auto loader = [](std::span<const std::string> missing) {
    std::vector<std::pair<std::string, User>> users;
    for (const std::string& id : missing) users.emplace_back(id, User{id});
    return users;
  };
  const auto answers = t.expander.fetch_many<User>(ids, loader);
  REQUIRE_FALSE(answers[0]);
  CHECK(answers[0].error().code == Errc::invalid_argument);
  REQUIRE(answers[1]);
  CHECK((*answers[1])->name == "a");
}

TEST_CASE("stale ids are answered stale when the bulk loader fails, the others fail",
          "[expander][bulk][stale]") {
  Bulk t({.jitter = 0, .stale_for = 1h});
  check_users(t.fetch({1, 2}, {.ttl = 1s}), {1, 2});
  t.runtime.advance(2s);
  t.source.failure = "down";
  const Answers answers = t.fetch({1, 2, 3});
  check_users({answers[0], answers[1]}, {1, 2});
  CHECK(answers[0]->origin == Origin::stale);
  REQUIRE(answers[0]->load_error);
  CHECK(answers[0]->load_error->message == "the bulk loader failed: down");
  CHECK_FALSE(answers[2]);
  CHECK(t.source.asked.size() == 2);
  // For a while the source is left alone by those who have something.
  check_users(t.fetch({1, 2}), {1, 2});
  CHECK(t.source.asked.size() == 2);
  t.source.failure.reset();
  t.runtime.advance(2s);
  CHECK(t.fetch({1, 2})[0]->origin == Origin::source);
}

TEST_CASE("a bulk load with a soft timeout goes on in the background", "[expander][bulk][stale]") {
  Bulk t({.jitter = 0, .stale_for = 1h, .soft_timeout = 10ms});
  check_users(t.fetch({1, 2}, {.ttl = 1s}), {1, 2});
  t.runtime.advance(2s);
  int calls = 0;
  const auto slow = [&](std::span<const int> ids) {
    ++calls;
    t.runtime.sleep_for(1s);
    Users users;
    for (const int id : ids) users[id] = User{"new"};
    return users;
  };
  t.runtime.run([&] {
    const auto start = t.runtime.now();
    const Answers answers = t.expander.fetch_many<User>(Ids{1, 2}, slow);
    CHECK(t.runtime.now() - start < 1s);
    check_users(answers, {1, 2});
    CHECK(answers[0]->origin == Origin::stale);
    t.runtime.sleep_for(2s);
    CHECK((*t.fetch({2})[0])->name == "new");
  });
  CHECK(calls == 1);
}

TEST_CASE("one id that has to be waited for keeps a bulk load with its caller",
          "[expander][bulk][stale]") {
  Bulk t({.jitter = 0, .stale_for = 1h, .soft_timeout = 50ms});  // Its lease is 10 s.
  check_users(t.fetch({1}, {.ttl = 1s}), {1});
  t.runtime.advance(2s);
  int calls = 0;
  const auto slower_than_a_lease = [&](std::span<const int> ids) {
    ++calls;
    t.runtime.sleep_for(15s);
    Users users;
    for (const int id : ids) users[id] = User{"new"};
    return users;
  };
  t.runtime.run([&] {
    const Answers answers = t.expander.fetch_many<User>(Ids{1, 2}, slower_than_a_lease);
    CHECK((*answers[0])->name == "new");
    CHECK((*answers[1])->name == "new");
  });
  CHECK(calls == 1);
}

TEST_CASE("a hard timeout ends a bulk call, and not its load", "[expander][bulk][stale]") {
  Bulk t({.jitter = 0, .hard_timeout = 10ms});
  const auto slow = [&](std::span<const int> ids) {
    t.runtime.sleep_for(1s);
    Users users;
    for (const int id : ids) users[id] = user_of(id);
    return users;
  };
  t.runtime.run([&] {
    const Answers answers = t.expander.fetch_many<User>(Ids{1, 2}, slow);
    REQUIRE_FALSE(answers[0]);
    CHECK(answers[0].error().code == Errc::timeout);
    t.runtime.sleep_for(2s);
    check_users(t.fetch({1, 2}), {1, 2});
  });
  CHECK(t.source.asked.empty());
}

TEST_CASE("what is invalidated while a bulk load is under way is not stored, the rest is",
          "[expander][bulk][fence]") {
  Bulk t({.jitter = 0}, GENERATE(true, false));
  const auto loader = [&](std::span<const int> ids) {
    Users users;
    for (const int id : ids) users[id] = user_of(id);
    CHECK(t.expander.invalidate<User>(2));
    return users;
  };
  check_users(t.expander.fetch_many<User>(Ids{1, 2, 3}, loader), {1, 2, 3});
  CHECK(t.expander.find<User>(1)->has_value());
  CHECK_FALSE(t.expander.find<User>(2)->has_value());
  CHECK(t.expander.find<User>(3)->has_value());
  CHECK(t.expander.metrics().snapshot().fenced == 1);
}

TEST_CASE("a bulk call that drops its entries drops them by one batch", "[expander][bulk]") {
  Bulk t;
  REQUIRE(t.expander.put(1, User{"old"}));
  t.driver->batches.clear();
  const Answers answers = t.fetch({1, 2}, {.strategy = Strategy::invalidate});
  check_users(answers, {1, 2});
  CHECK(answers[0]->miss == MissReason::invalidated);
  CHECK(t.driver->batches == std::vector<std::size_t>{2, 2});
}

TEST_CASE("a bulk call that bypasses the cache asks the source alone", "[expander][bulk]") {
  Bulk t;
  const Answers answers = t.fetch({1, 100}, {.strategy = Strategy::bypass});
  check_users({answers[0]}, {1});
  CHECK(answers[0]->miss == MissReason::bypassed);
  REQUIRE(answers[1]);
  CHECK_FALSE(answers[1]->has_value());
  CHECK(t.driver->batches.empty());
  CHECK(t.source.asked == std::vector<Ids>{{1, 100}});
}

TEST_CASE("a bulk call to the cache alone does not ask the source", "[expander][bulk]") {
  Bulk t;
  REQUIRE(t.expander.put(1, user_of(1)));
  const Answers answers = t.fetch({1, 2}, {.strategy = Strategy::fresh});
  check_users({answers[0]}, {1});
  REQUIRE(answers[1]);
  CHECK_FALSE(answers[1]->has_value());
  CHECK(t.source.asked.empty());
}

TEST_CASE("a cache that is gone costs a bulk call nothing but the load", "[expander][bulk]") {
  Bulk t;
  REQUIRE(t.expander.put(1, User{"old"}));
  t.driver->gone = true;
  CHECK_FALSE(t.expander.invalidate<User>(1));
  const Answers answers = t.fetch({1, 2});
  check_users(answers, {1, 2});
  for (const auto& answer : answers) {
    REQUIRE(answer->cache_error);
    CHECK(answer->cache_error->code == Errc::unavailable);
  }
  // What was invalidated meanwhile is not believed, but removed first.
  t.driver->gone = false;
  const Answers later = t.fetch({1, 2});
  check_users(later, {1, 2});
  CHECK(later[0]->origin == Origin::source);
}

TEST_CASE("a bulk loader may set the TTL of what it loads", "[expander][bulk]") {
  Bulk t;
  bool stopped = true;
  const auto loader = [&](std::span<const int> ids, BulkLoadContext& context) {
    stopped = context.stop_token().stop_requested();
    context.set_ttl(5s);
    Users users;
    for (const int id : ids) users[id] = user_of(id);
    return Result<Users>(users);
  };
  const Answers answers = t.expander.fetch_many<User>(Ids{1}, loader);
  check_users(answers, {1});
  CHECK(answers[0]->remaining == Ttl(5s));
  CHECK_FALSE(stopped);
}

TEST_CASE("bytes under keys of their own are loaded in bulk with the TTL of their prefix",
          "[expander][bulk]") {
  VirtualRuntime runtime;
  InMemoryBackend backend({}, runtime);
  CacheExpander expander(backend, {.ttl = TtlPolicy::fixed(1h).for_prefix("page", 1min),
                                   .policy = {.jitter = 0},
                                   .runtime = &runtime});
  const std::vector<std::string> keys{"page:1", "user:1"};
  const auto loader = [](std::span<const std::string> missing) {
    std::map<std::string, std::optional<std::string>> values;
    for (const std::string& key : missing) values[key] = "of " + key;
    return values;
  };
  const auto answers = expander.get_or_load_many(keys, loader);
  REQUIRE(answers.size() == 2);
  CHECK(**answers[0] == "of page:1");
  CHECK(answers[0]->remaining == Ttl(1min));
  CHECK(answers[1]->remaining == Ttl(1h));
  CHECK(**expander.get_or_load("user:1", [] { return std::string("another"); }) == "of user:1");
}
