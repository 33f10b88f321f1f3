#include "rig.hpp"
#include "support/black_hole.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <atomic>
#include <csignal>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

std::atomic<int> handled{0};

void count_signal(int) { ++handled; }

// While it lives, SIGUSR1 breaks off system calls (EINTR) and does nothing else.
class Interruptions {
 public:
  Interruptions() {
    struct sigaction action {};
    action.sa_handler = count_signal;  // Without SA_RESTART.
    ::sigaction(SIGUSR1, &action, &before_);
  }
  ~Interruptions() { ::sigaction(SIGUSR1, &before_, nullptr); }
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;

 private:
  struct sigaction before_ {};
};

// A thread at work, which can be interrupted.
class Interrupted {
 public:
  explicit Interrupted(const std::function<void()>& work)
      : thread_([this, work] {
          work();
          over_ = true;
          static_cast<void>(let_go_.wait());  // So that it can be signalled up to the last moment.
        }) {}
  ~Interrupted() {
    let_go_.open();
    thread_.join();
  }
  Interrupted(const Interrupted&) = delete;
  Interrupted& operator=(const Interrupted&) = delete;

  void interrupt() { ::pthread_kill(thread_.native_handle(), SIGUSR1); }
  [[nodiscard]] bool over() const { return over_; }

 private:
  std::atomic<bool> over_{false};
  Gate let_go_;
  std::thread thread_;
};

// Some interruptions for each of them while they wait.
bool interrupt_often(std::vector<std::unique_ptr<Interrupted>>& threads) {
  for (auto& thread : threads) {
    const int enough = handled + 20;
    const bool came = eventually([&] {
      thread->interrupt();
      return handled >= enough;
    });
    if (!came) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a signal does not break off a call that waits for its reply", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const Interruptions on;
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  rig.proxy().hold_replies();
  const auto before = rig.proxy().request_bytes();
  std::atomic<int> right{0};
  {
    std::vector<std::unique_ptr<Interrupted>> threads;
    for (int i = 0; i < 4; ++i) {
      threads.push_back(std::make_unique<Interrupted>([&] {
        right += rig.cache().get("k") == "v" ? 1 : 0;
        right += rig.cache().increment("n") ? 1 : 0;
      }));
    }
    CHECK(eventually([&] { return rig.proxy().request_bytes() > before; }));
    CHECK(interrupt_often(threads));
    rig.proxy().pass();
    for (auto& thread : threads) {
      CHECK(eventually([&] {
        thread->interrupt();
        return thread->over();
      }));
    }
  }
  CHECK(right == 8);
  CHECK(must(rig.truth().increment("n", 0)) == 4);
}

TEST_CASE("a signal that comes again and again keeps no call beyond its budget", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const Interruptions on;
  Rig rig(kind, 300ms);
  must(rig.cache().set("k", "v"));
  rig.proxy().hold_replies();
  std::string outcome;
  {
    Interrupted thread([&] { outcome = code_of(rig.cache().get("k")); });
    CHECK(eventually([&] {
      thread.interrupt();
      return thread.over();
    }));
    rig.proxy().pass();
  }
  CHECK(outcome == "timeout");
}

TEST_CASE("a signal does not break off a value on its way out", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const Interruptions on;
  Rig rig(kind);
  const std::string value(900'000, 'x');
  must(rig.cache().set("k", "old"));
  rig.proxy().hold_requests();
  std::atomic<int> stored{0};
  {
    std::vector<std::unique_ptr<Interrupted>> threads;
    for (int i = 0; i < 6; ++i) {  // More than proxy and sockets hold, if they share a connection.
      threads.push_back(std::make_unique<Interrupted>([&rig, &value, &stored, i] {
        stored += rig.cache().set("k" + std::to_string(i), value) == true ? 1 : 0;
      }));
    }
    CHECK(interrupt_often(threads));
    rig.proxy().pass();
    for (auto& thread : threads) CHECK(eventually([&] { return thread->over(); }));
  }
  CHECK(stored == 6);
  for (int i = 0; i < 6; ++i) CHECK(must(rig.truth().get("k" + std::to_string(i))) == value);
}

TEST_CASE("a signal does not break off a connect", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const Interruptions on;
  BlackHole hole;
  const auto cache = client_of(kind, hole.port());
  std::string code;
  {
    Interrupted caller([&] { code = code_of(cache->get("k", {.timeout = 200ms})); });
    CHECK(eventually([&] {
      caller.interrupt();
      return caller.over();
    }));
  }
  CHECK(code == "timeout");
}
