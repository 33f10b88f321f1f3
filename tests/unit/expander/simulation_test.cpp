// Random schedules in virtual time: callers, invalidations, slow caches and lost replies, each run
// out of its seed. What is checked is what docs/expander.md promises of invalidations and of loads.

#include "support/catch.hpp"
#include "unit/expander/distant.hpp"
#include "unit/expander/entities.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

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
    if (is_outdated(fetched, known, stored)) ++wrong_;
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
