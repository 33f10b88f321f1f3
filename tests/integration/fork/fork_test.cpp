// A program that forks while it uses a cache. The children do what a worker of a pre-forking server
// does: a few calls on the very object that they inherited.

#include "child.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"
#include "support/loopback.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"
#include "support/servers.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/redis.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 30s;

struct Rig {
  std::unique_ptr<LocalServer> server{};
  std::unique_ptr<CacheBackend> cache{};
  std::unique_ptr<CacheBackend> witness{};  // Not used by children.

  explicit Rig(bool redis) {
    if (redis) {
      server = std::make_unique<RedisServer>();
      const RedisConfig config{
          .host = "127.0.0.1", .port = server->port(), .operation_timeout = patience};
      cache = std::make_unique<RedisBackend>(config);
      witness = std::make_unique<RedisBackend>(config);
    } else {
      server = std::make_unique<MemcachedServer>();
      const MemcachedConfig config{.servers = {server->endpoint()}, .operation_timeout = patience};
      cache = std::make_unique<MemcachedBackend>(config);
      witness = std::make_unique<MemcachedBackend>(config);
    }
  }
  [[nodiscard]] std::uint64_t connections() const {
    return witness->stats().nodes.at(0).connections.value();
  }
};

// Writes and reads keys that nobody else uses; true when every answer was right.
bool use(CacheBackend& cache, const std::string& prefix, int calls) {
  for (int i = 0; i < calls; ++i) {
    const std::string key = prefix + "-" + std::to_string(i % 10);
    const std::string value = "value of " + key + " in turn " + std::to_string(i);
    if (cache.set(key, value) != true || cache.get(key) != value) return false;
  }
  return true;
}

// Lets a child wait until its parent has looked.
class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_) != 0) throw std::runtime_error("pipe");
  }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void send() const { static_cast<void>(::write(ends_[1], "x", 1)); }
  [[nodiscard]] bool receive() const {
    char byte = 0;
    return ::read(ends_[0], &byte, 1) == 1;
  }

 private:
  int ends_[2]{-1, -1};
};

}  // namespace

TEST_CASE("a forked child uses a connection of its own and leaves its parent's alone", "[fork]") {
  Rig rig(GENERATE(true, false));
  must(rig.cache->set("parent", "unharmed"));
  const std::uint64_t before = rig.connections();
  const Pipe done, looked;
  Child child([&] {
    const bool right = use(*rig.cache, "child", 50);
    done.send();
    return looked.receive() && right;
  });
  REQUIRE(done.receive());
  CHECK(rig.connections() > before);
  CHECK(use(*rig.cache, "parent", 50));
  looked.send();
  CHECK(child.outcome() == "right");
  CHECK(eventually([&] { return rig.connections() <= before; }));
  CHECK(must(rig.cache->get("parent")) == "unharmed");
  CHECK(use(*rig.cache, "parent", 50));
}

TEST_CASE("parent and children that work at the same time get their own answers", "[fork]") {
  Rig rig(GENERATE(true, false));
  CHECK(use(*rig.cache, "parent", 1));
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(
        std::make_unique<Child>([&] { return use(*rig.cache, "child" + std::to_string(i), 300); }));
  }
  CHECK(use(*rig.cache, "parent", 300));
  for (auto& child : children) CHECK(child->outcome() == "right");
  CHECK(use(*rig.cache, "parent", 50));
}

TEST_CASE("a child forked in the middle of other threads' calls neither hangs nor harms them",
          "[fork]") {
  Rig rig(GENERATE(true, false));
  std::atomic<int> calls{0}, wrong{0};
  Crew crew(6, [&](unsigned thread) {
    if (!use(*rig.cache, "thread" + std::to_string(thread), 5)) ++wrong;
    ++calls;
  });
  for (int i = 0; i < 20; ++i) {
    const int before = calls;
    CHECK(eventually([&] { return calls > before; }));
    Child child([&] { return use(*rig.cache, "child", 5); });
    CHECK(child.outcome() == "right");
  }
  crew.stop();
  CHECK(wrong == 0);
}

TEST_CASE("a child forked while every thread waits for a reply is served itself", "[fork]") {
  Rig rig(GENERATE(true, false));
  must(rig.cache->set("k", "v"));
  rig.server->stop();
  std::atomic<unsigned> entered{0}, right{0};
  constexpr unsigned threads = 6;
  std::thread waiting([&] {
    in_parallel(threads, [&](unsigned) {
      ++entered;
      right += rig.cache->get("k") == "v" ? 1 : 0;
    });
  });
  CHECK(eventually([&] { return entered == threads; }));
  Child child([&] { return use(*rig.cache, "child", 5); });
  rig.server->resume();
  CHECK(child.outcome() == "right");
  waiting.join();
  CHECK(right == threads);
}

TEST_CASE("a child of a child, and one of a parent that has not connected yet, work too",
          "[fork]") {
  Rig rig(GENERATE(true, false));
  Child early([&] { return use(*rig.cache, "early", 5); });
  CHECK(early.outcome() == "right");
  CHECK(use(*rig.cache, "parent", 5));
  Child child([&] {
    if (!use(*rig.cache, "child", 5)) return false;
    Child grandchild([&] { return use(*rig.cache, "grandchild", 5); });
    return grandchild.outcome() == "right" && use(*rig.cache, "child", 5);
  });
  CHECK(child.outcome() == "right");
  CHECK(use(*rig.cache, "parent", 5));
}

TEST_CASE("a child may destroy what it inherited, and its parent does not notice", "[fork]") {
  Rig rig(GENERATE(true, false));
  CHECK(use(*rig.cache, "parent", 5));
  Child unused([&] {
    rig.cache.reset();
    return true;
  });
  CHECK(unused.outcome() == "right");
  Child used([&] {
    const bool right = use(*rig.cache, "child", 5);
    rig.cache.reset();
    return right;
  });
  CHECK(used.outcome() == "right");
  CHECK(use(*rig.cache, "parent", 50));
}

TEST_CASE("a child is told at once that what its parent asked is not its own", "[fork]") {
  constexpr int asked = 20;
  Gate forked;
  ScriptedServer server([&](Peer& peer) {
    peer.expect("*1\r\n$4\r\nPING\r\n");
    peer.send("+PONG\r\n");
    for (int i = 0; i < asked; ++i) peer.expect("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    peer.wait_for(forked);
    for (int i = 0; i < asked; ++i) peer.send("$1\r\nv\r\n");
    peer.stall();
  });
  RedisBackend cache({.host = "127.0.0.1",
                      .port = server.port(),
                      .operation_timeout = patience,
                      .client_name = {}});
  std::vector<Pending<std::optional<std::string>>> pending;
  pending.reserve(asked);
  for (int i = 0; i < asked; ++i) pending.push_back(cache.async_get("k"));
  const auto refused = [](const auto& got) { return code_of(got) == "unavailable"; };
  for (int i = 0; i < asked; ++i) {
    Child child([&] {
      int told = 0;
      pending[0].then([&](auto got) { told += refused(got) ? 1 : 0; });
      pending[1].ignore();
      pending[2].cancel();
      return told == 1 && refused(pending[2].get()) && refused(pending[3].get());
    });
    CHECK(child.outcome() == "right");
  }
  forked.open();
  for (auto& one : pending) CHECK(one.get() == "v");
  CHECK(server.failures().empty());
}

// What a callback has forked and comes back from it runs nothing more: the other callbacks, and
// what is to be sent, are the parent's.
TEST_CASE("a child forked in a callback ends with that callback", "[fork]") {
  RedisServer server;
  RedisBackend cache({.host = server.host(), .port = server.port(), .operation_timeout = patience});
  auto* const runs = static_cast<std::atomic<int>*>(::mmap(nullptr, sizeof(std::atomic<int>),
                                                           PROT_READ | PROT_WRITE,
                                                           MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(runs != MAP_FAILED);
  Gate may_fork, done;
  std::atomic<pid_t> child{-1};
  cache.async_set("a", "1").then([&](const Result<bool>&) {
    static_cast<void>(may_fork.wait());
    child = ::fork();
    if (child != 0) return;
    ::alarm(20);
    std::atexit([] { ::_exit(7); });  // When its only thread ends.
  });
  cache.async_set("b", "2").then([&](const Result<bool>&) {
    ++*runs;
    static_cast<void>(cache.async_increment("n", 1));
    done.open();
  });
  may_fork.open();
  REQUIRE(done.wait());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 7));
  CHECK(*runs == 1);
  CHECK(must(cache.increment("n", 1)) == 2);
  ::munmap(runs, sizeof(std::atomic<int>));
}

TEST_CASE("a child that drops what its parent asked writes to no descriptor of its own", "[fork]") {
  ScriptedServer server([](Peer& peer) {
    peer.expect("*1\r\n$4\r\nPING\r\n");
    peer.send("+PONG\r\n");
    peer.stall();
  });
  RedisBackend cache({.host = "127.0.0.1",
                      .port = server.port(),
                      .operation_timeout = patience,
                      .client_name = {}});
  const std::string large(100'000, 'x');
  // Of another thread: the connection for large ones is read while the process forks.
  std::thread([&] { cache.async_set("other", large).then([](const auto&) {}); }).join();
  auto small = cache.async_set("k", "v");
  auto behind = cache.async_set("k", large);
  CHECK(eventually([&] { return cache.connections().at(0).in_flight == 2; }));
  CHECK(eventually([&] { return cache.connections().at(0).waiting == 1; }));
  Child child([&] {
    cache.async_get("k").ignore();  // Lets go of what the parent had open.
    std::vector<Descriptor> files;
    for (int i = 0; i < 16; ++i) files.emplace_back(::memfd_create("file", MFD_CLOEXEC));
    if (code_of(small.get()) != "unavailable" || code_of(behind.get()) != "unavailable") {
      return false;
    }
    return std::ranges::all_of(files, [](const Descriptor& file) {
      struct stat status {};
      return ::fstat(file.get(), &status) == 0 && status.st_size == 0;
    });
  });
  CHECK(child.outcome() == "right");
}
