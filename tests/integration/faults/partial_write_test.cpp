// A thread that is held up before or after a system call that sends, while the connection breaks
// and others make a new one: what was handed to the kernel, be it in part, is never sent again.

#include "rig.hpp"
#include "support/catch.hpp"
#include "support/cutting_server.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

enum class When { before, after };

// How the kernel takes what it is given.
struct Kernel {
  const char* name;
  std::size_t most;  // Bytes of each send.
  bool stutters;     // After each send that it takes, it takes none once.
};

// What happens to the sends of one client: the `number`-th that the kernel takes is held up. The
// server's own sends go to other ports.
struct Interference {
  std::uint16_t port;
  Kernel kernel;
  int number;
  When when;
  std::atomic<int> calls{0};
  std::atomic<int> taken{0};
  std::atomic<bool> reached{false};
  Gate go_on{};

  void hold() {
    reached = true;
    static_cast<void>(go_on.wait());
  }
};
std::atomic<Interference*> interference{nullptr};
// All there were: a thread that connects late may still look at one whose test is over.
std::vector<std::unique_ptr<Interference>> interferences;

std::uint16_t peer_port(int descriptor) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

template <typename Send>
ssize_t interfered(int descriptor, const Send& send_at_most) {
  Interference* const now = interference;
  if (now == nullptr || peer_port(descriptor) != now->port) {
    return send_at_most(static_cast<std::size_t>(-1));
  }
  if (now->kernel.stutters && now->calls++ % 2 == 1) {
    errno = EAGAIN;
    return -1;
  }
  const bool chosen = ++now->taken == now->number;
  if (chosen && now->when == When::before) now->hold();
  const ssize_t sent = send_at_most(now->kernel.most);
  if (chosen && now->when == When::after) now->hold();
  return sent;
}

}  // namespace

// These take the place of the C library's for the whole program.
extern "C" ssize_t send(int descriptor, const void* bytes, size_t size, int flags) {
  return interfered(descriptor, [&](std::size_t most) {
    return ::sendto(descriptor, bytes, std::min(size, most), flags, nullptr, 0);
  });
}

extern "C" ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
  return interfered(descriptor, [&](std::size_t most) {
    if (message->msg_iovlen == 0 || most >= message->msg_iov->iov_len) {
      return static_cast<ssize_t>(::syscall(SYS_sendmsg, descriptor, message, flags));
    }
    return ::sendto(descriptor, message->msg_iov->iov_base, most, flags, nullptr, 0);
  });
}

namespace {

// Increments of counters of their own, by several threads at once.
class Increments {
 public:
  Increments(CacheBackend& cache, const CuttingServer& server) : cache_(cache), server_(server) {}
  ~Increments() { join(); }
  Increments(const Increments&) = delete;
  Increments& operator=(const Increments&) = delete;

  void begin() {
    for (int i = 0; i < blocking; ++i) {
      threads_.emplace_back(
          [this, key = "blocking" + std::to_string(i)] { note(key, cache_.increment(key)); });
    }
    threads_.emplace_back([this] { increment_asynchronously(); });
  }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  // All of them have been carried out.
  [[nodiscard]] bool all_there() const {
    for (int i = 0; i < blocking; ++i) {
      if (server_.value("blocking" + std::to_string(i)).empty()) return false;
    }
    for (int i = 0; i < asynchronous; ++i) {
      if (server_.value("asynchronous" + std::to_string(i)).empty()) return false;
    }
    return true;
  }
  // Each was done at most once, and its caller was told the truth.
  void check() const {
    CHECK(outcomes_.size() == blocking + asynchronous);
    for (const auto& [key, outcome] : outcomes_) {
      const std::string value = server_.value(key);
      const std::string code = code_of(outcome);
      INFO(key << ": " << code << ", and the server counted " << value);
      CHECK((value.empty() || value == "1"));
      if (code == "no error") CHECK(value == "1");
      if (code != "no error" && code != "outcome_unknown") CHECK(value.empty());
    }
  }

 private:
  static constexpr int blocking = 3;
  static constexpr int asynchronous = 5;

  void increment_asynchronously() {
    std::map<std::string, Pending<std::int64_t>> pending;
    for (int i = 0; i < asynchronous; ++i) {
      const std::string key = "asynchronous" + std::to_string(i);
      cache_.async_set("other", "v").ignore();
      pending.emplace(key, cache_.async_increment(key));
    }
    for (auto& [key, one] : pending) note(key, one.get());
  }
  void note(const std::string& key, const Result<std::int64_t>& outcome) {
    const std::lock_guard lock(mutex_);
    outcomes_.emplace(key, outcome);
  }

  CacheBackend& cache_;
  const CuttingServer& server_;
  std::vector<std::thread> threads_{};
  std::mutex mutex_;  // guards outcomes_ while threads_ run
  std::map<std::string, Result<std::int64_t>> outcomes_{};
};

// Somebody notices that the connection is gone, or nobody can.
void give_others_time(const CuttingServer& server, std::size_t connections) {
  for (int i = 0; i < 20 && server.connections() == connections; ++i) {
    std::this_thread::sleep_for(2ms);
  }
}

// Increments of which one send is held up while the connection breaks. False when there were fewer
// sends than that.
bool run_with_held_send(int number, When when, const Kernel& kernel) {
  CuttingServer server;
  const auto cache = client_of(Kind::redis, server.port());
  must(cache->set("warm", "v"));
  server.fall_silent_at("slow");
  Interference& now = *interferences.emplace_back(
      new Interference{.port = server.port(), .kernel = kernel, .number = number, .when = when});
  interference = &now;
  std::thread reader([&] { static_cast<void>(cache->get("slow")); });
  CHECK(eventually([&] { return server.silent() || now.reached; }));
  Increments increments(*cache, server);
  increments.begin();
  CHECK(eventually([&] { return increments.all_there() || now.reached; }));
  const bool held = now.reached;
  const std::size_t connections = server.connections();
  server.break_connections();
  if (held) give_others_time(server, connections);
  now.go_on.open();
  increments.join();
  reader.join();
  interference = nullptr;
  increments.check();
  CHECK(server.failures().empty());
  return held;
}

constexpr std::array kernels{
    Kernel{.name = "all bytes at once", .most = 1'000'000, .stutters = false},
    Kernel{.name = "all bytes, every other time", .most = 1'000'000, .stutters = true},
    Kernel{.name = "16 bytes at a time", .most = 16, .stutters = false},
    Kernel{.name = "16 bytes, every other time", .most = 16, .stutters = true},
    Kernel{.name = "100 bytes, every other time", .most = 100, .stutters = true},
};

}  // namespace

TEST_CASE("no write is sent twice when a thread is held up at any send while the connection breaks",
          "[faults][writes]") {
  const When when = GENERATE(When::before, When::after);
  const Kernel kernel = kernels[GENERATE(range(std::size_t{0}, kernels.size()))];
  for (int number = 1;; ++number) {
    INFO("the kernel takes " << kernel.name << "; send " << number << " is held up "
                             << (when == When::before ? "before" : "after") << " that");
    if (!run_with_held_send(number, when, kernel)) break;
  }
}
