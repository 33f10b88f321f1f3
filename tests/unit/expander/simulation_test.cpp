// Random schedules in virtual time: callers, invalidations, slow caches and lost replies, each run
// out of its seed. What is checked is what docs/expander.md promises of invalidations and of loads.

#include "support/catch.hpp"
#include "unit/expander/entities.hpp"

#include <cachekit/memory.hpp>
#include <cachekit/virtual_runtime.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

struct Weather {
  bool leases = true;
  bool faults = false;
};

// A server far away: each operation takes its time to get there, and its reply to come back; some
// get lost on the way, or their reply does.
class DistantDriver final : public Driver {
 public:
  DistantDriver(InMemoryBackend& server, VirtualRuntime& runtime, Weather weather)
      : server_(server), runtime_(runtime), weather_(weather) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "distant"; }
  [[nodiscard]] Tier tier() const noexcept override { return Tier::shared; }
  [[nodiscard]] std::string target() const override { return "distant:1"; }
  [[nodiscard]] Capabilities capabilities() const override {
    return {.compare_and_set = true, .leases = weather_.leases, .max_key_bytes = 250};
  }
  [[nodiscard]] std::chrono::milliseconds default_timeout() const noexcept override { return 60s; }
  void run(const AnyBatch& batch, Deadline /*deadline*/) override {
    run_each(batch,
             [&]<typename Operation>(const Operation& operation) { return carry_out(operation); });
  }

 private:
  template <typename Operation>
  Result<typename Operation::Value> carry_out(const Operation& operation) {
    travel();
    if (gets_lost()) return fail(Errc::timeout, "lost on the way");
    Result<typename Operation::Value> outcome = server_.run(operation);
    travel();
    if (gets_lost()) {
      return fail(changes(Operation::effect) ? Errc::outcome_unknown : Errc::timeout,
                  "the reply got lost");
    }
    return outcome;
  }
  void travel() { runtime_.sleep_for(std::chrono::milliseconds(runtime_.below(4))); }
  bool gets_lost() { return weather_.faults && runtime_.below(8) == 0; }

  InMemoryBackend& server_;
  VirtualRuntime& runtime_;
  const Weather weather_;
};

// A process: its own connection to the server, its own expander.
struct Process {
  Process(InMemoryBackend& server, VirtualRuntime& runtime, Weather weather)
      : backend(std::make_unique<DistantDriver>(server, runtime, weather)),
        expander(backend, {.policy = {.load_lease = 10s, .wait_timeout = 1h, .poll_interval = 5ms},
                           .cache_timeout = 1s,
                           .runtime = &runtime}) {}

  CacheBackend backend;
  CacheExpander expander;
  int known = 0;  ///< What nobody here may read anything older than.
};

// Whoever of some processes reads, changes the source and invalidates, or puts.
class World {
 public:
  World(std::uint64_t seed, Weather weather, std::size_t processes)
      : runtime_(seed), processes_(processes) {
    for (std::size_t i = 0; i < processes; ++i) {
      world_[i] = std::make_unique<Process>(server_, runtime_, weather);
    }
  }

  [[nodiscard]] int wrong() const noexcept { return wrong_; }
  [[nodiscard]] int loads() const noexcept { return loads_; }
  [[nodiscard]] VirtualRuntime& runtime() noexcept { return runtime_; }

  void read(Process& process) {
    const int known = process.known;
    const int stored = std::max(known, stored_);
    const auto fetched = process.expander.fetch<User>(1, [&] {
      ++loads_;
      User user{std::to_string(source_)};
      runtime_.sleep_for(std::chrono::milliseconds(runtime_.below(30)));
      return user;
    });
    if (!fetched || !*fetched) {
      UNSCOPED_INFO((fetched ? "no value" : fetched.error().describe()));
      ++wrong_;
      return;
    }
    const bool from_cache =
        fetched->origin == Origin::cache && fetched->waited_for == WaitedFor::nobody;
    wrong_ += std::stoi((*fetched)->name) < (from_cache ? stored : known) ? 1 : 0;
  }

  void change(Process& process) {
    if (changing_) return;  // Of two puts at a time either may be the last.
    changing_ = true;
    const int version = ++source_;
    const bool done = runtime_.below(3) == 0
                          ? process.expander.put(1, User{std::to_string(version)}).has_value()
                          : process.expander.invalidate<User>(1).has_value();
    changing_ = false;
    process.known = std::max(process.known, version);
    if (done) stored_ = std::max(stored_, version);
  }

  void live() {
    runtime_.run([&] {
      for (int caller = 0; caller < 6; ++caller) {
        runtime_.execute([&] {
          for (int i = 0; i < 6; ++i) {
            runtime_.sleep_for(std::chrono::milliseconds(runtime_.below(20)));
            Process& process = *world_[runtime_.below(processes_)];
            runtime_.below(4) == 0 ? change(process) : read(process);
          }
        });
      }
    });
  }

  void miss_together(int callers) {
    runtime_.run([&] {
      for (int i = 0; i < callers; ++i) {
        runtime_.execute([&] { read(*world_[runtime_.below(processes_)]); });
      }
    });
  }

 private:
  VirtualRuntime runtime_;
  InMemoryBackend server_{{}, runtime_};
  const std::size_t processes_;
  std::array<std::unique_ptr<Process>, 3> world_{};
  int source_ = 0;
  int loads_ = 0;
  int stored_ = 0;  // Nothing older may be in the cache, whoever reads it.
  int wrong_ = 0;
  bool changing_ = false;
};

constexpr std::uint64_t seeds = CACHEKIT_SCHEDULES;

}  // namespace

TEST_CASE("in no order of events is anything older than an invalidation read after it",
          "[expander][simulation]") {
  const bool leases = GENERATE(true, false);
  // Without leases a process knows of its own loads alone.
  const std::size_t processes = leases ? 3 : 1;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    INFO("seed " << seed << (leases ? ", leases" : ", no leases"));
    World world(seed, {.leases = leases}, processes);
    world.live();
    REQUIRE(world.wrong() == 0);
  }
}

TEST_CASE("nor where operations and replies get lost", "[expander][simulation]") {
  const bool leases = GENERATE(true, false);
  const std::size_t processes = leases ? 3 : 1;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    INFO("seed " << seed << (leases ? ", leases" : ", no leases"));
    World world(seed, {.leases = leases, .faults = true}, processes);
    world.live();
    REQUIRE(world.wrong() == 0);
  }
}

TEST_CASE("in no order of events do callers who miss together load twice",
          "[expander][simulation]") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    INFO("seed " << seed);
    World world(seed, {}, 3);
    world.miss_together(30);
    REQUIRE(world.wrong() == 0);
    REQUIRE(world.loads() == 1);
  }
}
