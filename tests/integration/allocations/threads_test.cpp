// What a client does when it is given no thread: pthread_create fails with EAGAIN.

#include "rig.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"

#include <cachekit/redis.hpp>

#include <atomic>
#include <cerrno>

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* hung_host = "hung.test";

// How many threads may be started before some may not, and how many those are.
std::atomic<int> good{0};
std::atomic<int> bad{0};

std::atomic<bool> hangs{false};
std::atomic<int> hanging{0};
thread_local bool calls = false;
std::atomic<bool> resolved_by_caller{false};

// While it lives, the `number`-th thread from now on cannot be started; nor can `more` behind it.
class NoThread {
 public:
  NoThread(int number, int more) {
    good = number - 1;
    bad = 1 + more;
    all_ = bad;
  }
  ~NoThread() { bad = 0; }
  NoThread(const NoThread&) = delete;
  NoThread& operator=(const NoThread&) = delete;

  [[nodiscard]] bool happened() const { return bad < all_; }

 private:
  int all_;
};

bool refused() {
  if (bad == 0) return false;
  if (good > 0 && good-- > 0) return false;
  --bad;
  return true;
}

}  // namespace

// These take the place of the C library's for the whole program.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*run)(void*), void* argument) noexcept {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto real = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
  return refused() ? EAGAIN : real(thread, attributes, run, argument);
}

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  using Resolve = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Resolve>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (host == nullptr || std::string_view(host) != hung_host) {
    return real(host, service, hints, result);
  }
  if (hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0) return EAI_NONAME;
  if (calls) resolved_by_caller = true;
  ++hanging;
  static_cast<void>(eventually([] { return !hangs; }));
  --hanging;
  return EAI_AGAIN;
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)

namespace {

constexpr int all_later_ones = 1'000'000;

// Runs a call on a new client with each thread that it starts failing in turn.
template <typename Call, typename Check>
void with_each_thread_refused(const char* what, Rig& rig, const Call& call, const Check& check) {
  const int more = GENERATE(0, all_later_ones);
  INFO(what << (more > 0 ? ", and no later one starts either" : ""));
  for (int number = 1;; ++number) {
    const Watchdog watchdog(what, "threads", static_cast<std::size_t>(number));
    INFO("thread " << number);
    rig.begin_anew();
    bool happened = false;
    std::string thrown;
    std::optional<decltype(call())> outcome;
    {
      const NoThread refusal(number, more);
      try {
        outcome.emplace(call());
      } catch (const std::exception& exception) {
        thrown = exception.what();
      }
      happened = refusal.happened();
    }
    CHECK(thrown == "");
    REQUIRE(outcome);
    check(*outcome);
    rig.check_neighbours();
    if (!happened) break;
  }
}

constexpr const char* asked_key = "neighbour1";
constexpr const char* value = "a value that belongs to neighbour 1";

struct HungName {
  HungName() { hangs = true; }
  ~HungName() {
    hangs = false;
    CHECK(eventually([] { return hanging == 0; }));
  }
  HungName(const HungName&) = delete;
  HungName& operator=(const HungName&) = delete;
};

}  // namespace

// The callback runs on the I/O thread then, which is the only one to connect anew.
TEST_CASE("without a thread for callbacks a call that one makes ends within its budget",
          "[threads]") {
  auto server = std::make_unique<RedisServer>();
  RedisBackend cache({.host = server->host(), .port = server->port(), .operation_timeout = 1s});
  REQUIRE(cache.set("k", "v"));
  REQUIRE(cache.async_set("k", "v").get());
  Gate called;
  std::string inner, outer;
  {
    const NoThread none(1, 1'000);
    auto first = cache.async_get(std::string_view("k"));
    first.then([&](const Result<std::optional<std::string>>&) {
      server.reset();
      cache.async_set("a", "1").ignore();
      inner = code_of(cache.get("k"));
      called.open();
    });
    REQUIRE(called.wait());
  }
  CHECK((inner == "timeout" || inner == "unavailable"));
}

TEST_CASE("connect() without a thread connects or is an error", "[threads]") {
  const Kind kind = GENERATE(from_range(both_kinds));
  Rig rig(kind);
  with_each_thread_refused(
      "connect", rig, [&] { return rig.cache().connect(); },
      [](const Result<void>& outcome) { static_cast<void>(checked_code(outcome)); });
}

TEST_CASE("a get without a thread gives its value or an error", "[threads]") {
  const Kind kind = GENERATE(from_range(both_kinds));
  Rig rig(kind);
  const auto check = [](const Result<std::optional<std::string>>& outcome) {
    if (checked_code(outcome) == "no error") CHECK(*outcome == value);
  };
  SECTION("blocking") {
    with_each_thread_refused(
        "get", rig, [&] { return rig.cache().get(asked_key); }, check);
  }
  SECTION("asynchronous, taken by get()") {
    with_each_thread_refused(
        "async_get", rig, [&] { return rig.cache().async_get(asked_key).get(); }, check);
  }
  SECTION("asynchronous, taken by then()") {
    std::unique_ptr<Gate> told;
    std::optional<Result<std::optional<std::string>>> result;
    with_each_thread_refused(
        "then", rig,
        [&] {
          told = std::make_unique<Gate>();
          rig.cache().async_get(asked_key).then([&](Result<std::optional<std::string>> outcome) {
            result = std::move(outcome);
            told->open();
          });
          CHECK(told->wait());
          return std::move(result).value();
        },
        check);
  }
}

TEST_CASE("a batch over several nodes without a thread gives values or errors", "[threads]") {
  const Kind kind = GENERATE(from_range(both_kinds));
  Rig rig(kind);
  const std::vector<std::string_view> keys{"neighbour0", asked_key, "neighbour2", "neighbour3"};
  with_each_thread_refused(
      "get_many", rig, [&] { return rig.cache().get_many(keys); },
      [&](const std::vector<Result<std::optional<std::string>>>& outcomes) {
        REQUIRE(outcomes.size() == keys.size());
        for (const auto& outcome : outcomes) static_cast<void>(checked_code(outcome));
        if (outcomes[1]) CHECK(*outcomes[1] == value);
      });
}

TEST_CASE("a large set without a thread is stored or is an error", "[threads]") {
  const Kind kind = GENERATE(from_range(both_kinds));
  Rig rig(kind);
  const std::string large(100'000, 'x');
  with_each_thread_refused(
      "set", rig, [&] { return rig.cache().set("large", large); },
      [&](const Result<bool>& outcome) {
        if (checked_code(outcome) == "no error") {
          CHECK((must(rig.truth().get("large")) == large));
        }
      });
}

TEST_CASE("without a thread a name that hangs costs an error, and never the caller's own thread",
          "[threads]") {
  const HungName name;
  RedisBackend cache({.host = hung_host, .connection_timeout = 200ms, .operation_timeout = 200ms});
  const int more = GENERATE(0, all_later_ones);
  calls = true;
  resolved_by_caller = false;
  for (int number = 1; number <= 3; ++number) {
    const Watchdog watchdog("hung name", "threads", static_cast<std::size_t>(number));
    std::string thrown;
    const NoThread refusal(number, more);
    try {
      CHECK_FALSE(cache.connect());
      CHECK_FALSE(cache.get("k"));
      CHECK_FALSE(cache.async_get("k").get());
      CHECK_FALSE(cache.set("k", std::string(100'000, 'x')));
    } catch (const std::exception& exception) {
      thrown = exception.what();
    }
    CHECK(thrown == "");
  }
  calls = false;
  CHECK_FALSE(resolved_by_caller);
}
