// Random schedules in virtual time of calls for many ids that overlap, with calls for one and
// invalidations between them, each run out of its seed.

#include "support/catch.hpp"
#include "unit/expander/distant.hpp"
#include "unit/expander/entities.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t entities = 5;
using Versions = std::array<int, entities>;

// Some processes that read entities, change them in the source, and invalidate or put them.
class BulkWorld {
 public:
  BulkWorld(std::uint64_t seed, Weather weather, std::size_t processes)
      : runtime_(seed), start_(runtime_.now()), known_(processes) {
    for (std::size_t i = 0; i < processes; ++i) {
      processes_.push_back(std::make_unique<Process>(server_, runtime_, weather));
    }
  }

  [[nodiscard]] int wrong() const noexcept { return wrong_; }
  [[nodiscard]] const Versions& loads() const noexcept { return loads_; }
  [[nodiscard]] Runtime::steady_time::duration took() const noexcept {
    return runtime_.now() - start_;
  }

  // Callers who read and change, each a few times.
  void live() {
    run_callers(6, [&] {
      for (int i = 0; i < 5; ++i) {
        runtime_.sleep_for(std::chrono::milliseconds(runtime_.below(20)));
        const std::size_t process = runtime_.below(processes_.size());
        const std::uint64_t what = runtime_.below(6);
        if (what < 2) {
          change(process, pick());
        } else if (what == 2) {
          read_one(process, pick());
        } else {
          read_many(process);
        }
      }
    });
  }
  // Callers who read, all at once.
  void miss_together() {
    run_callers(20, [&] {
      const std::size_t process = runtime_.below(processes_.size());
      runtime_.below(4) == 0 ? read_one(process, pick()) : read_many(process);
    });
  }

 private:
  template <typename Call>
  void run_callers(int count, const Call& call) {
    runtime_.run([&] {
      for (int i = 0; i < count; ++i) runtime_.execute(call);
    });
  }
  [[nodiscard]] std::size_t pick() { return runtime_.below(entities); }

  [[nodiscard]] User load_one(std::size_t id) {
    ++loads_[id];
    return {std::to_string(source_[id])};
  }
  void source_takes_its_time() {
    runtime_.sleep_for(std::chrono::milliseconds(runtime_.below(30)));
  }

  void read_one(std::size_t process, std::size_t id) {
    const int known = known_[process][id];
    const int stored = std::max(known, stored_[id]);
    const auto fetched = processes_[process]->expander.fetch<User>(id, [&] {
      User user = load_one(id);
      source_takes_its_time();
      return user;
    });
    if (is_outdated(fetched, known, stored)) ++wrong_;
  }

  void read_many(std::size_t process) {
    std::vector<std::size_t> ids;
    for (std::uint64_t i = 1 + runtime_.below(6); i > 0; --i) ids.push_back(pick());
    const Versions known = known_[process];
    const Versions stored = stored_;
    const auto loader = [&](std::span<const std::size_t> missing) {
      std::map<std::size_t, User> users;
      for (const std::size_t id : missing) users[id] = load_one(id);
      source_takes_its_time();
      return users;
    };
    const auto answers = processes_[process]->expander.fetch_many<User>(ids, loader);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::size_t id = ids[i];
      if (is_outdated(answers[i], known[id], std::max(known[id], stored[id]))) ++wrong_;
    }
  }

  void change(std::size_t process, std::size_t id) {
    if (changing_[id]) return;  // Of two puts at a time either may be the last.
    changing_[id] = true;
    const int version = ++source_[id];
    CacheExpander& expander = processes_[process]->expander;
    const bool done = runtime_.below(3) == 0
                          ? expander.put(id, User{std::to_string(version)}).has_value()
                          : expander.invalidate<User>(id).has_value();
    changing_[id] = false;
    known_[process][id] = std::max(known_[process][id], version);
    if (done) stored_[id] = std::max(stored_[id], version);
  }

  VirtualRuntime runtime_;
  InMemoryBackend server_{{}, runtime_};
  const Runtime::steady_time start_;
  std::vector<std::unique_ptr<Process>> processes_{};
  std::vector<Versions> known_;
  Versions source_{};
  Versions stored_{};  // Nothing older may be in the cache, whoever reads it.
  Versions loads_{};
  std::array<bool, entities> changing_{};
  int wrong_ = 0;
};

constexpr std::uint64_t bulk_seeds = CACHEKIT_SCHEDULES;

}  // namespace

TEST_CASE("in no order of events is anything older than an invalidation read in bulk after it",
          "[expander][bulk][simulation]") {
  const bool leases = GENERATE(true, false);
  const bool faults = GENERATE(false, true);
  // Without leases a process knows of its own loads alone.
  const std::size_t processes = leases ? 3 : 1;
  for (std::uint64_t seed = 0; seed < bulk_seeds; ++seed) {
    INFO("seed " << seed << (leases ? ", leases" : ", no leases") << (faults ? ", faults" : ""));
    BulkWorld world(seed, {.leases = leases, .faults = faults}, processes);
    world.live();
    REQUIRE(world.wrong() == 0);
    // Nobody has waited for the end of a lease, as those would who wait for each other.
    if (!faults) REQUIRE(world.took() < 10s);
  }
}

TEST_CASE("in no order of events do bulk calls that overlap load an entity twice",
          "[expander][bulk][simulation]") {
  const std::size_t processes = GENERATE(1U, 3U);
  for (std::uint64_t seed = 0; seed < bulk_seeds; ++seed) {
    INFO("seed " << seed << ", processes " << processes);
    BulkWorld world(seed, {.leases = processes > 1}, processes);
    world.miss_together();
    REQUIRE(world.wrong() == 0);
    for (const int loads : world.loads()) REQUIRE(loads <= 1);
    REQUIRE(world.took() < 10s);
  }
}
