// What becomes of callers, threads and children while a name cannot be looked up.

#include "fake_network.hpp"
#include "integration/fork/child.hpp"
#include "net/transport/resolve.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <cachekit/redis.hpp>

#include <atomic>
#include <string>
#include <thread>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

constexpr unsigned callers = 16;

// Another one each time: what was learned of one name says nothing of the next.
net::Address fresh_name() {
  static int names = 0;
  return {.host = std::to_string(++names) + "." + fake_host, .port = 1234};
}

// The first octets of the addresses are all the same here; the last one tells them apart.
bool leads_to(const Result<std::vector<net::SocketAddress>>& found, const net::Address& name,
              const std::string& host) {
  return found && found->size() == 1 &&
         found->front() == *net::SocketAddress::numeric(host, name.port);
}

}  // namespace

TEST_CASE("callers of a name whose resolver hangs share one look-up", "[faults]") {
  set_addresses({"127.0.0.1"});
  RedisBackend cache({.host = fresh_name().host});
  const std::string large(100'000, 'x');
  const int before = resolutions();
  std::atomic<int> timeouts{0};
  const HungResolver hung;
  in_parallel(callers, [&](unsigned caller) {
    for (int i = 0; i < 4; ++i) {
      const bool set = caller % 2 == 0;
      const std::string code = set ? code_of(cache.set("k", large, {.timeout = 10ms}))
                                   : code_of(cache.get("k", {.timeout = 10ms}));
      timeouts += code == "timeout" ? 1 : 0;
    }
  });
  CHECK(timeouts == callers * 4);
  CHECK(resolutions() - before == 1);
}

TEST_CASE("a host with servers on many ports is looked up once at a time, and each gets its port",
          "[faults]") {
  set_addresses({"127.0.0.1"});
  const net::Address name = fresh_name();
  const auto on_port = [&](unsigned caller) {
    net::Address address = name;
    address.port = static_cast<std::uint16_t>(2000 + caller);
    return address;
  };
  const int before = resolutions();
  std::atomic<unsigned> entered{0}, right{0};
  auto hung = std::make_unique<HungResolver>();
  std::thread waiting([&] {
    in_parallel(callers, [&](unsigned caller) {
      const net::Address address = on_port(caller);
      static_cast<void>(resolve(address, Deadline::after(5ms)));
      ++entered;
      const auto found = resolve(address, Deadline::after(30s));
      right += leads_to(found, address, "127.0.0.1") ? 1 : 0;
    });
  });
  CHECK(eventually([&] { return entered == callers && resolutions() > before; }));
  CHECK(resolutions() == before + 1);
  hung.reset();
  waiting.join();
  CHECK(right == callers);
}

TEST_CASE("all who wait for a look-up get what it finds", "[faults]") {
  set_addresses({"127.0.0.1"});
  const net::Address name = fresh_name();
  const int before = resolutions();
  std::atomic<unsigned> entered{0}, right{0};
  auto hung = std::make_unique<HungResolver>();
  std::thread waiting([&] {
    in_parallel(callers, [&](unsigned) {
      ++entered;
      right += leads_to(resolve(name, Deadline::after(30s)), name, "127.0.0.1") ? 1 : 0;
    });
  });
  CHECK(eventually([&] { return entered == callers && resolutions() > before; }));
  hung.reset();
  waiting.join();
  CHECK(right == callers);
}

TEST_CASE("what a look-up finds after all have left is thrown away", "[faults]") {
  set_addresses({"127.0.0.2"});
  const net::Address name = fresh_name();
  const int before = resolutions();
  {
    const HungResolver hung;
    CHECK(code_of(resolve(name, Deadline::after(5ms))) == "timeout");
    CHECK(eventually([&] { return resolutions() == before + 1; }));
    set_addresses({"127.0.0.1"});
    CHECK(code_of(resolve(name, Deadline::after(5ms))) == "timeout");
    CHECK(resolutions() == before + 1);
  }
  CHECK(
      eventually([&] { return leads_to(resolve(name, Deadline::after(30s)), name, "127.0.0.1"); }));
  CHECK(resolutions() > before + 1);
}

TEST_CASE("a name that leads nowhere is looked up now and then", "[faults]") {
  set_addresses({});
  const net::Address name = fresh_name();
  const int before = resolutions();
  std::atomic<int> found{0};
  in_parallel(callers, [&](unsigned) {
    for (int i = 0; i < 63; ++i) found += resolve(name, Deadline::after(0ms)) ? 1 : 0;
  });
  CHECK(found == 0);
  CHECK(resolutions() - before >= 1);
  CHECK(resolutions() - before < 100);

  set_addresses({"127.0.0.1"});  // A look-up that has found nothing may be about to end.
  CHECK(
      eventually([&] { return leads_to(resolve(name, Deadline::after(30s)), name, "127.0.0.1"); }));
}

TEST_CASE("a name is an error where no thread can be started for it, and resolved later",
          "[faults]") {
  set_addresses({"127.0.0.1"});
  const net::Address name = fresh_name();
  {
    const NoThreads none;
    const auto found = resolve(name, Deadline::after(30s));
    CHECK(code_of(found) == "overloaded");
    CHECK(found.error().message.find(fake_host) != std::string::npos);
  }
  CHECK(leads_to(resolve(name, Deadline::after(30s)), name, "127.0.0.1"));
}

TEST_CASE("a look-up without memory is an error, and the next one succeeds", "[faults]") {
  set_addresses({"127.0.0.1"});
  const net::Address name = fresh_name();
  for (int good = 0;; ++good) {
    bool over = false, told = false;
    {
      const NoMemory none(good);
      const auto found = resolve(name, Deadline::after(30s));
      over = !NoMemory::spent();
      told = found || found.error().code == Errc::overloaded;
    }
    CAPTURE(good);
    CHECK(told);
    CHECK(leads_to(resolve(name, Deadline::after(30s)), name, "127.0.0.1"));
    if (over) break;
  }
  {
    const NoMemory none(0, 1'000'000);
    CHECK(resolve(name, Deadline::after(30s)).error().code == Errc::overloaded);
  }
  starve_resolver(true);
  CHECK(code_of(resolve(name, Deadline::after(30s))) == "overloaded");
  starve_resolver(false);
  CHECK(leads_to(resolve(name, Deadline::after(30s)), name, "127.0.0.1"));
}

TEST_CASE("a forked child does not wait for a name that its parent is looking up", "[fork]") {
  set_addresses({"127.0.0.1"});
  const net::Address name = fresh_name();
  const int before = resolutions();
  auto hung = std::make_unique<HungResolver>();
  std::atomic<bool> right{false};
  std::thread waiting(
      [&] { right = leads_to(resolve(name, Deadline::after(30s)), name, "127.0.0.1"); });
  CHECK(eventually([&] { return resolutions() == before + 1; }));
  Child child([&] {
    Child grandchild(
        [&] { return leads_to(resolve(name, Deadline::after(10s)), name, "127.0.0.1"); });
    return leads_to(resolve(name, Deadline::after(10s)), name, "127.0.0.1") &&
           grandchild.outcome() == "right";
  });
  CHECK(child.outcome() == "right");
  hung.reset();
  waiting.join();
  CHECK(right);
}
