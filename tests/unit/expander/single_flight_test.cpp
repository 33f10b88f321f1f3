// Callers who miss together, on real threads.

#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"
#include "unit/expander/entities.hpp"

#include <cachekit/memory.hpp>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

using Answer = Result<Fetched<User>>;

// An expander, and a source that answers when its gate is opened.
struct Flown {
  explicit Flown(FetchPolicy policy = {}) : expander(backend, {.policy = policy}) {}

  [[nodiscard]] auto loader() {
    return [this]() -> User {
      ++loads;
      loading.open();
      static_cast<void>(answering.wait());
      if (fails) throw std::runtime_error("down");
      return User{"Ada"};
    };
  }
  [[nodiscard]] std::future<Answer> begin(FetchOptions options = {}) {
    return std::async(std::launch::async,
                      [this, options] { return expander.fetch<User>(1, loader(), options); });
  }
  [[nodiscard]] bool waiting(std::uint64_t callers) {
    return eventually([&] { return expander.metrics().snapshot().waits == callers; });
  }

  InMemoryBackend backend{};
  CacheExpander expander;
  Gate loading{};
  Gate answering{};
  std::atomic<int> loads{0};
  std::atomic<bool> fails{false};
};

}  // namespace

TEST_CASE("callers who miss together make one load", "[expander][flight]") {
  Flown t;
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 16; ++i) answers.push_back(t.begin());
  REQUIRE(t.waiting(15));
  t.answering.open();
  int waited = 0;
  for (std::future<Answer>& one : answers) {
    const Answer answer = one.get();
    REQUIRE(answer);
    REQUIRE(answer->has_value());
    CHECK((*answer)->name == "Ada");
    CHECK(answer->origin == Origin::source);
    CHECK(answer->miss == MissReason::absent);
    waited += answer->waited_for == WaitedFor::caller ? 1 : 0;
  }
  CHECK(waited == 15);
  CHECK(t.loads == 1);
  CHECK(t.expander.metrics().snapshot().loads == 1);
  CHECK(t.expander.metrics().snapshot().sets == 1);
}

TEST_CASE("that there is no such entity is told to all who wait", "[expander][flight]") {
  Flown t;
  auto owner = std::async(std::launch::async, [&] {
    return t.expander.fetch<User>(1, [&]() -> std::optional<User> {
      t.loading.open();
      static_cast<void>(t.answering.wait());
      return std::nullopt;
    });
  });
  REQUIRE(t.loading.wait());
  auto waiter = t.begin();
  REQUIRE(t.waiting(1));
  t.answering.open();
  const Answer answer = waiter.get();
  REQUIRE(answer);
  CHECK_FALSE(answer->has_value());
  CHECK(answer->origin == Origin::none);
  CHECK(answer->waited_for == WaitedFor::caller);
  CHECK(owner.get());
  CHECK(t.loads == 0);
}

TEST_CASE("a loader that fails fails all who wait, once", "[expander][flight]") {
  Flown t;
  t.fails = true;
  auto owner = t.begin(), waiter = t.begin();
  REQUIRE(t.waiting(1));
  t.answering.open();
  for (auto* one : {&owner, &waiter}) {
    const Answer answer = one->get();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::loader_failed);
    CHECK(answer.error().message == "the loader failed: down");
  }
  CHECK(t.loads == 1);
  t.fails = false;
  CHECK(t.begin().get()->has_value());
}

TEST_CASE("a value that cannot be encoded is loaded by each who wants it", "[expander][flight]") {
  Flown t;
  const auto load = [&] {
    ++t.loads;
    t.loading.open();
    static_cast<void>(t.answering.wait());
    return User{"cannot be encoded"};
  };
  const auto fetch = [&] { return t.expander.fetch<User>(1, load); };
  auto owner = std::async(std::launch::async, fetch),
       waiter = std::async(std::launch::async, fetch);
  REQUIRE(t.waiting(1));
  t.answering.open();
  CHECK((*owner.get())->name == "cannot be encoded");
  CHECK((*waiter.get())->name == "cannot be encoded");
  CHECK(t.loads == 2);
}

TEST_CASE("a caller waits no longer than it may", "[expander][flight]") {
  Flown t;
  auto owner = t.begin();
  REQUIRE(t.loading.wait());
  const Answer answer = t.begin({.wait_timeout = 1ms}).get();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Errc::timeout);
  CHECK(answer.error().message == "another caller's load of user:1 was not over within 1 ms");
  t.answering.open();
  CHECK(owner.get()->has_value());
}

TEST_CASE("no more callers wait than may", "[expander][flight]") {
  Flown t({.max_waiters = 1});
  auto owner = t.begin();
  REQUIRE(t.loading.wait());
  auto waiter = t.begin();
  REQUIRE(t.waiting(1));
  const Answer answer = t.begin().get();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Errc::overloaded);
  CHECK(answer.error().message == "1 callers wait for the load of user:1 already");
  t.answering.open();
  CHECK(owner.get()->has_value());
  CHECK(waiter.get()->has_value());
}

TEST_CASE("a loader that hangs holds nobody up for longer than its lease", "[expander][flight]") {
  Flown t({.load_lease = 1ms});
  auto hanging = t.begin();
  REQUIRE(t.loading.wait());
  // With a lease that lasts until the answer is stored.
  const Answer answer = t.expander.fetch<User>(1, [] { return User{"Grace"}; },
                                               {.wait_timeout = 60s, .policy = FetchPolicy{}});
  REQUIRE(answer);
  CHECK((*answer)->name == "Grace");
  t.answering.open();
  CHECK((*hanging.get())->name == "Ada");  // Its own answer, and nobody else's.
  CHECK((*t.expander.find<User>(1))->name == "Grace");
}

TEST_CASE("a caller who is withdrawn leaves the load to those who wait", "[expander][flight]") {
  Flown t;
  std::stop_source stop;
  auto owner = std::async(std::launch::async, [&] {
    const auto obedient = [&](LoadContext& context) -> Result<User> {
      t.loading.open();
      static_cast<void>(eventually([&] { return context.stop_token().stop_requested(); }));
      return fail(Errc::cancelled, "told to stop");
    };
    return t.expander.fetch<User>(1, obedient, {.stop = stop.get_token()});
  });
  REQUIRE(t.loading.wait());
  std::stop_source stop_waiter;
  auto waiter = t.begin({.stop = stop_waiter.get_token()});
  REQUIRE(t.waiting(1));
  SECTION("one of several: the load goes on") {
    stop_waiter.request_stop();
    CHECK(waiter.get().error().code == Errc::cancelled);
    CHECK(t.loads == 0);
    stop.request_stop();
    CHECK(owner.get().error().code == Errc::loader_failed);
  }
  SECTION("all of them: it ends, and the next one loads") {
    stop.request_stop();
    stop_waiter.request_stop();
    CHECK(waiter.get().error().code == Errc::cancelled);
    CHECK(owner.get().error().message == "told to stop");
    t.answering.open();
    CHECK(t.begin().get()->has_value());
    CHECK(t.loads == 1);
  }
}

TEST_CASE("a loader that fetches its own key is an error, not a deadlock", "[expander][flight]") {
  Flown t;
  const auto fetch = [&](int id, auto loader) { return t.expander.fetch<User>(id, loader); };
  const auto hand_on = [](Answer answer) -> Result<User> {
    if (!answer) return fail(std::move(answer).error());
    return **std::move(answer);
  };
  const auto ada = [] { return User{"Ada"}; };
  SECTION("itself") {
    const Answer answer = fetch(1, [&] { return hand_on(fetch(1, ada)); });
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message == "the loader of user:1 fetches the key that it loads");
  }
  SECTION("through another key") {
    Errc inner{};
    const Answer answer = fetch(1, [&] {
      return hand_on(fetch(2, [&] {
        Answer own = fetch(1, ada);
        inner = own.error().code;
        return hand_on(std::move(own));
      }));
    });
    CHECK_FALSE(answer);
    CHECK(inner == Errc::invalid_argument);
  }
  SECTION("through another thread") {
    Gate both;
    std::atomic<int> inside{0};
    const auto crossing = [&](int mine, int other) {
      return fetch(mine, [&]() -> Result<User> {
        if (++inside == 2) both.open();
        static_cast<void>(both.wait());
        return hand_on(fetch(other, ada));
      });
    };
    auto one = std::async(std::launch::async, [&] { return crossing(1, 2); });
    auto two = std::async(std::launch::async, [&] { return crossing(2, 1); });
    const Answer first = one.get(), second = two.get();
    REQUIRE_FALSE(first);
    REQUIRE_FALSE(second);
    CHECK((first.error().message + second.error().message).find("fetches the key that it loads") !=
          std::string::npos);
  }
}

// What is read after an invalidation has returned is never older than it.
TEST_CASE("no value whose load began before an invalidation is seen after it",
          "[expander][fence]") {
  Flown t;
  std::atomic<int> source{0};
  std::atomic<int> published{0};
  std::atomic<int> wrong{0};
  Crew readers(4, [&](unsigned) {
    const int at_least = published;
    const Answer answer = t.expander.fetch<User>(1, [&] {
      User user{std::to_string(source.load())};
      std::this_thread::yield();
      return user;
    });
    wrong += !answer || !answer->has_value() || std::stoi((*answer)->name) < at_least ? 1 : 0;
  });
  for (int version = 1; version <= 3'000; ++version) {
    source = version;
    if (version % 3 == 0) {
      wrong += t.expander.put(1, User{std::to_string(version)}) ? 0 : 1;
    } else {
      wrong += t.expander.invalidate<User>(1) ? 0 : 1;
    }
    published = version;
  }
  readers.stop();
  CHECK(wrong == 0);
}

TEST_CASE("a load that is fenced answers, is not stored, and is counted", "[expander][fence]") {
  Fixture t;
  const auto overtaken = [&] {
    CHECK(t.expander.invalidate<User>(1) == false);
    return User{"Ada"};
  };
  CHECK((*t.expander.fetch<User>(1, overtaken))->name == "Ada");
  CHECK(t.backend.inner().entries.empty());
  const auto replaced = [&] {
    CHECK(t.expander.put(1, User{"Grace"}));
    return User{"Ada"};
  };
  CHECK((*t.expander.fetch<User>(1, replaced))->name == "Ada");
  CHECK((*t.expander.find<User>(1))->name == "Grace");
  CHECK(t.expander.metrics().snapshot().fenced == 2);
}

TEST_CASE("bytes under a key of one's own are loaded and kept as entities are", "[expander]") {
  Flown t;
  const auto fetch = [&] {
    return t.expander.get_or_load("page:/index", [&]() -> std::optional<std::string> {
      ++t.loads;
      return "<html>";
    });
  };
  CHECK(**fetch() == "<html>");
  const auto again = fetch();
  CHECK(**again == "<html>");
  CHECK(again->origin == Origin::cache);
  CHECK(t.loads == 1);
  CHECK(t.expander.invalidate_key("page:/index") == true);
  CHECK(fetch()->origin == Origin::source);
  CHECK(t.expander.get_or_load("", [] { return std::string(); }).error().code ==
        Errc::invalid_argument);
}

TEST_CASE("a loader may say how long its answer is kept", "[expander]") {
  Fixture t;
  const auto fetched = t.expander.fetch<User>(1, [](LoadContext& context) {
    context.set_ttl(7s);
    return User{"Ada"};
  });
  CHECK(fetched->remaining == Ttl(7s));
  CHECK(t.backend.inner().entries.at("user:1").ttl == Ttl(7s));
  const auto impossible = t.expander.fetch<User>(2, [](LoadContext& context) {
    context.set_ttl(0s);
    return User{"Eve"};
  });
  CHECK((*impossible)->name == "Eve");
  CHECK(impossible->cache_error->code == Errc::invalid_argument);
}
