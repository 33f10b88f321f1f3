// Verified calls from many threads over a real server, while servers and network fail at random.
// Ends with 1 when any promise of the interface was broken.

#include "caller.hpp"
#include "faults.hpp"
#include "machine.hpp"
#include "options.hpp"
#include "report.hpp"
#include "support/gate.hpp"
#include "system_calls.hpp"
#include "tally.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/redis.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

using namespace cachekit;
using namespace cachekit::soak;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t connections_allowed = 16;
constexpr auto quiet_time = 70ms;
constexpr auto lost_after = 30s;     // Beyond its budget, a call that is still out is lost.
constexpr int calls_when_calm = 50;  // In a row without an error, by each thread, at the end.
constexpr auto time_to_recover = 30s;

volatile std::sig_atomic_t interrupted = 0;

std::unique_ptr<test::LocalServer> start_server(const Options& options) {
  if (options.backend == "redis") return std::make_unique<test::RedisServer>();
  return std::make_unique<test::MemcachedServer>(
      test::MemcachedServerOptions{.memory_mib = 1024});  // So that nothing is evicted.
}

std::unique_ptr<CacheBackend> make_cache(const Options& options, const test::FaultProxy& proxy) {
  if (options.backend == "redis") {
    return std::make_unique<RedisBackend>(RedisConfig{.host = soak_host,
                                                      .port = proxy.port(),
                                                      .pool_size = connections_allowed,
                                                      .operation_timeout = options.budget});
  }
  return std::make_unique<MemcachedBackend>(
      MemcachedConfig{.servers = {soak_host + (":" + std::to_string(proxy.port()))},
                      .max_connections = connections_allowed,
                      .operation_timeout = options.budget});
}

// The threads that call, from the first call until all is calm again.
class Callers {
 public:
  Callers(const Options& options, CacheBackend& cache, const Epoch& epoch, Tally& tally)
      : options_(options), tally_(tally) {
    for (unsigned i = 0; i < options.threads; ++i) {
      callers_.push_back(std::make_unique<Caller>(i, options, cache, epoch, tally));
    }
    for (auto& caller : callers_) threads_.emplace_back([this, &caller] { run(*caller); });
  }
  ~Callers() { join(); }
  Callers(const Callers&) = delete;
  Callers& operator=(const Callers&) = delete;

  [[nodiscard]] bool done() const {
    return interrupted != 0 || tally_.begun >= options_.operations;
  }
  /// No more faults will come.
  void calm_down() { calm_.open(); }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  [[nodiscard]] bool running() const { return ended_ < options_.threads; }

  /// Ends the program when a call does not come back: there is no way to go on without it.
  void look_for_lost_calls() const {
    for (const auto& caller : callers_) {
      const auto since = caller->busy_since();
      const bool busy = since != clock::time_point{};
      if (!busy || clock::now() - since < options_.budget + lost_after) continue;
      fmt::print(
          "VIOLATION: {} has not come back for {} s; {} calls begun, last fault: {}\nfailed\n",
          caller->busy_with(),
          std::chrono::duration_cast<std::chrono::seconds>(clock::now() - since).count(),
          tally_.begun.load(), tally_.last_fault.load());
      std::fflush(stdout);
      ::_exit(1);
    }
  }

 private:
  void run(Caller& caller) {
    while (!done()) caller.step();
    while (!calm_.wait()) {
    }
    caller.be_patient(5s);
    const auto give_up_at = clock::now() + time_to_recover;
    int in_a_row = 0;
    while (in_a_row < calls_when_calm && clock::now() < give_up_at) {
      in_a_row = caller.step() ? in_a_row + 1 : 0;
    }
    if (in_a_row < calls_when_calm) {
      tally_.violation("calls go on failing without any fault: " + caller.last_error());
    }
    ++ended_;
  }

  const Options& options_;
  Tally& tally_;
  test::Gate calm_;
  std::atomic<unsigned> ended_{0};
  std::vector<std::unique_ptr<Caller>> callers_;
  std::vector<std::thread> threads_;
};

void print_progress(const Tally& tally, const Options& options, clock::time_point& next) {
  if (clock::now() < next) return;
  next = clock::now() + 10s;
  fmt::print(stderr, "{} of {} operations, {} wrong\n", tally.begun.load(), options.operations,
             tally.wrong.load());
}

bool run(const Options& options) {
  const auto server = start_server(options);
  const test::Speech speech =
      options.backend == "redis" ? test::Speech::redis : test::Speech::memcached;
  test::FaultProxy proxy(server->port(), speech);
  Tally tally;
  Epoch epoch;
  FaultInjector faults(options.seed, speech, *server, proxy, epoch, tally);
  const MachineWatch machine(std::max(options.grace / 2, std::chrono::milliseconds(1)));

  Process process;
  process.descriptors_at_begin = test::open_descriptors();
  // Each connection is one descriptor of the client and two of the proxy; twice that many, for the
  // proxy may not have noticed yet that one has ended.
  process.descriptor_bound = process.descriptors_at_begin + 6 * (connections_allowed + 2);
  const auto begun = clock::now();
  {
    const auto cache = make_cache(options, proxy);
    Callers callers(options, *cache, epoch, tally);
    auto next_progress = clock::now() + 10s;
    while (!callers.done()) {
      std::this_thread::sleep_for(quiet_time);
      process.most_descriptors = std::max(process.most_descriptors, test::open_descriptors());
      const bool warm = tally.begun * 10 >= options.operations;
      if (warm && process.resident_at_begin == 0) process.resident_at_begin = resident_bytes();
      callers.look_for_lost_calls();
      print_progress(tally, options, next_progress);
      tally.last_fault = faults.choose();
      faults.inject();
    }
    callers.calm_down();
    while (callers.running()) {
      callers.look_for_lost_calls();
      std::this_thread::sleep_for(quiet_time);
    }
    callers.join();
    process.resident_at_end = resident_bytes();
  }
  process.seconds = std::chrono::duration<double>(clock::now() - begun).count();
  static_cast<void>(test::eventually([&] {
    process.descriptors_at_end = test::open_descriptors();
    return process.descriptors_at_end <= process.descriptors_at_begin;
  }));
  process.connections = proxy.connections();
  process.faults = faults.counts();
  return report(options, tally, machine, process);
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Options> options = parse_options(argc, argv);
  if (!options) {
    fmt::print(stderr, usage);
    return 2;
  }
  for (const int signal : {SIGINT, SIGTERM}) {
    std::signal(signal, [](int) { interrupted = 1; });
  }
  try {
    return run(*options) ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "soak: {}\n", error.what());
    return 1;
  }
}
