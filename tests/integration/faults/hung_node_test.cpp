// A server that hangs costs the other servers' keys of a batch nothing: neither their outcome nor
// the time that they have.

#include "rig.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"
#include "support/sanitized.hpp"

#include <cachekit/memcached.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t few = 100;
constexpr std::size_t some = 1'000;
#ifdef CACHEKIT_SANITIZED
constexpr std::size_t many = 20'000;  // Each takes ten times as long.
#else
constexpr std::size_t many = 100'000;
#endif

using Duration = std::chrono::steady_clock::duration;

Duration since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::steady_clock::now() - begun;
}

// Three servers, and clients that know them in this order.
struct Nodes {
  std::array<MemcachedServer, 3> servers{};
  MemcachedConfig config{
      .servers = {servers[0].endpoint(), servers[1].endpoint(), servers[2].endpoint()},
      .operation_timeout = patience};
  MemcachedBackend cache{config};
  MemcachedBackend truth{config};
  Duration calm{};  // What a batch takes that nobody holds up.

  /// A budget that healthy servers keep to on a machine that is as busy as it is.
  [[nodiscard]] std::chrono::milliseconds enough(std::chrono::milliseconds budget,
                                                 int calms = 20) const {
    return std::max(budget, std::chrono::duration_cast<std::chrono::milliseconds>(calms * calm));
  }
  [[nodiscard]] bool on(std::size_t node, std::string_view key) const {
    return must(cache.server_of(key)) == servers[node].endpoint();
  }
};

// Keys, and values that tell in which round they were written.
class Table {
 public:
  explicit Table(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) keys_.push_back("key" + std::to_string(i));
    views_.assign(keys_.begin(), keys_.end());
    begin_round();
  }
  void begin_round() {
    ++round_;
    values_.clear();
    for (const std::string& key : keys_) values_.push_back(key + ":" + std::to_string(round_));
    items_.clear();
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      items_.push_back({.key = keys_[i], .value = values_[i]});
    }
  }
  [[nodiscard]] const std::vector<std::string_view>& keys() const { return views_; }
  [[nodiscard]] const std::vector<SetItem>& items() const { return items_; }
  [[nodiscard]] const std::string& value(std::size_t i) const { return values_[i]; }

 private:
  std::vector<std::string> keys_;
  std::vector<std::string_view> views_;
  std::vector<std::string> values_{};
  std::vector<SetItem> items_{};
  int round_ = 0;
};

Duration store(MemcachedBackend& cache, const Table& table) {
  const auto begun = std::chrono::steady_clock::now();
  for (const auto& outcome : cache.set_many(table.items())) CHECK(must(outcome));
  return since(begun);
}

// How a batch went while `hung` did not answer.
struct Counts {
  std::size_t healthy = 0;
  std::size_t failed = 0;  // Of the healthy ones' keys.
  std::size_t answered_by_hung = 0;
  std::string first_failure{};

  template <typename T, typename Right>
  Counts(const Nodes& nodes, std::size_t hung, const Table& table,
         const std::vector<Result<T>>& outcomes, const Right& right) {
    REQUIRE(outcomes.size() == table.keys().size());
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const bool is_right = outcomes[i] && right(*outcomes[i], i);
      if (nodes.on(hung, table.keys()[i])) {
        answered_by_hung += outcomes[i] ? 1U : 0U;
        continue;
      }
      ++healthy;
      if (is_right) continue;
      if (failed++ == 0) first_failure = std::string(table.keys()[i]) + ": " + code_of(outcomes[i]);
    }
  }
  void check() const {
    CHECK(healthy > 0);
    CHECK(first_failure == "");
    CHECK(failed == 0);
    CHECK(answered_by_hung == 0);
  }
};

// Runs a batch, which has to end with its budget whatever the hung server does. (A machine that is
// busy with other things is so before, too.)
template <typename Batch>
auto timely(const Nodes& nodes, std::chrono::milliseconds budget, const Batch& batch) {
  constexpr auto grace = 4s;
  const auto begun = std::chrono::steady_clock::now();
  auto outcomes = batch();
  CHECK(since(begun) < budget + budget / 10 + grace + 10 * nodes.calm);
  return outcomes;
}

void check_gets(Nodes& nodes, std::size_t hung, const Table& table,
                std::chrono::milliseconds budget) {
  INFO("get_many");
  const auto outcomes = timely(
      nodes, budget, [&] { return nodes.cache.get_many(table.keys(), {.timeout = budget}); });
  Counts(nodes, hung, table, outcomes, [&](const std::optional<std::string>& value, std::size_t i) {
    return value == table.value(i);
  }).check();
}

void check_sets(Nodes& nodes, std::size_t hung, const Table& table,
                std::chrono::milliseconds budget) {
  INFO("set_many");
  const auto outcomes = timely(
      nodes, budget, [&] { return nodes.cache.set_many(table.items(), {.timeout = budget}); });
  Counts(nodes, hung, table, outcomes, [](bool stored, std::size_t) { return stored; }).check();
}

// What the healthy servers really hold.
void check_stored(Nodes& nodes, std::size_t hung, const Table& table) {
  std::size_t wrong = 0;
  std::vector<std::string_view> keys;
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < table.keys().size(); ++i) {
    if (nodes.on(hung, table.keys()[i])) continue;
    keys.push_back(table.keys()[i]);
    numbers.push_back(i);
  }
  const auto seen = nodes.truth.get_many(keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    wrong += must(seen[i]) == table.value(numbers[i]) ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

const char* place(std::size_t node) {
  constexpr std::array names{"first", "in the middle", "last"};
  return names[node];
}

}  // namespace

TEST_CASE("a server that hangs, wherever it stands in the list, fails its own keys only",
          "[faults][hung]") {
  const std::size_t size = GENERATE(few, some, many);
  const std::size_t hung = GENERATE(range(std::size_t{0}, std::size_t{3}));
  const bool connected = GENERATE(true, false);
  if (size == many && !connected) return;  // What is said of many is said of some.
  INFO(size << " keys; the hung server is " << place(hung) << " in the list, the client "
            << (connected ? "has" : "has not") << " been connected before");
  Nodes nodes;
  Table table(size);
  nodes.calm = store(nodes.truth, table);
  const std::chrono::milliseconds budget = size == many ? nodes.enough(3s, 5) : nodes.enough(1s);
  if (connected) store(nodes.cache, table);
  nodes.servers[hung].stop();
  check_gets(nodes, hung, table, budget);
  table.begin_round();
  check_sets(nodes, hung, table, budget);
  check_stored(nodes, hung, table);
}

TEST_CASE(
    "one server hangs while another has just closed its connections: only the first one fails",
    "[faults][hung]") {
  const std::size_t size = GENERATE(few, some);
  const std::size_t hung = GENERATE(range(std::size_t{0}, std::size_t{3}));
  const std::size_t other = (hung + GENERATE(std::size_t{1}, std::size_t{2})) % 3;
  INFO(size << " keys; the hung server is " << place(hung) << " in the list, the one that restarts "
            << place(other));
  Nodes nodes;
  Table table(size);
  nodes.calm = store(nodes.cache, table);
  nodes.servers[other].restart();
  nodes.servers[hung].stop();
  table.begin_round();
  check_sets(nodes, hung, table, nodes.enough(1500ms));
  check_gets(nodes, hung, table, nodes.enough(1s));
}

TEST_CASE("look-ups that go to a hung and to a restarted server ask the latter once more",
          "[faults][hung]") {
  const std::size_t hung = GENERATE(range(std::size_t{0}, std::size_t{3}));
  const std::size_t other = (hung + GENERATE(std::size_t{1}, std::size_t{2})) % 3;
  INFO("the hung server is " << place(hung) << " in the list, the one that restarts "
                             << place(other));
  Nodes nodes;
  Table table(some);
  nodes.calm = store(nodes.cache, table);
  nodes.servers[other].restart();  // The client has not heard of that.
  store(nodes.truth, table);
  nodes.servers[hung].stop();
  check_gets(nodes, hung, table, nodes.enough(1s));
}

TEST_CASE("a value that is too large leaves no older one while another server hangs",
          "[faults][hung]") {
  Nodes nodes;
  MemcachedConfig config = nodes.config;
  config.max_value = {100};
  MemcachedBackend cache(config);
  std::vector<std::string> keys;
  for (std::size_t node = 0; node < 3; ++node) {
    for (int i = 0; keys.size() == node; ++i) {
      std::string key = "key" + std::to_string(i);
      if (nodes.on(node, key)) keys.push_back(std::move(key));
    }
  }
  for (const std::string& key : keys) must(nodes.truth.set(key, "old"));
  nodes.servers[2].stop();
  const std::string large(200, 'x');
  const std::vector<SetItem> items{{.key = keys[0], .value = large},
                                   {.key = keys[1], .value = "v"},
                                   {.key = keys[2], .value = "v"}};
  const auto outcomes = cache.set_many(items, {.timeout = 3s});
  CHECK(code_of(outcomes.at(0)) == "too_large");
  CHECK(must(outcomes.at(1)));
  CHECK_FALSE(outcomes.at(2));
  CHECK(must(nodes.truth.get(keys[0])) == std::nullopt);
}

TEST_CASE("a batch keeps to its budget while the thread of a server that is gone runs a callback",
          "[faults][hung]") {
  Gate entered;
  Gate over;
  Gate ended;
  bool waited = false;
  Nodes nodes;  // Whose threads use these to the end.
  must(nodes.cache.connect());
  std::vector<std::string> keys;
  for (int i = 0; i < 60; ++i) keys.push_back("key" + std::to_string(i));
  const auto there = std::ranges::find_if(keys, [&](const auto& key) { return nodes.on(0, key); });
  REQUIRE(there != keys.end());
  auto slow = nodes.cache.async_get(*there, {.timeout = 20s});
  slow.then([&](const auto&) {
    entered.open();
    waited = over.wait();
    ended.open();
  });
  REQUIRE(entered.wait());
  nodes.servers[0].kill();
  std::vector<SetItem> items;
  for (const std::string& key : keys) items.push_back({.key = key, .value = "v"});
  for (int round = 0; round < 2; ++round) {  // In the first one the connection breaks.
    const auto outcomes = nodes.cache.set_many(items, {.timeout = 500ms});
    for (std::size_t i = 0; i < keys.size(); ++i) {
      INFO(keys[i]);
      CHECK(outcomes[i].has_value() == !nodes.on(0, keys[i]));
    }
  }
  over.open();
  REQUIRE(ended.wait());
  CHECK(waited);  // And not only because it did not want to wait any longer.
}

TEST_CASE("counters on healthy servers count while another server hangs", "[faults][hung]") {
  Nodes nodes;
  must(nodes.cache.connect());
  std::vector<std::string> keys;
  const int count = GENERATE(60, 9'000);  // Few, and more than are under way at a time.
  for (int i = 0; i < count; ++i) keys.push_back("counter" + std::to_string(i));
  std::vector<operation::Increment> increments;
  for (const std::string& key : keys) increments.push_back({key});
  nodes.servers[0].stop();
  const auto sums = nodes.cache.run_many<operation::Increment>(increments, {.timeout = 3s});
  REQUIRE(sums.size() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    INFO(keys[i]);
    if (nodes.on(0, keys[i])) {
      CHECK_FALSE(sums[i]);
    } else {
      CHECK(must(sums[i]) == 1);
    }
  }
}

TEST_CASE("clearing tells how many servers it reached while another one hangs", "[faults][hung]") {
  Nodes nodes;
  must(nodes.cache.connect());
  nodes.servers[1].stop();
  const Result<void> cleared = nodes.cache.clear({.timeout = nodes.enough(500ms)});
  REQUIRE_FALSE(cleared);
  CHECK(cleared.error().endpoint == nodes.servers[1].endpoint());
  CHECK(cleared.error().message.ends_with("; 2 of 3 servers were cleared"));
  CHECK(cleared.error().code == Errc::outcome_unknown);
}

TEST_CASE("texts on healthy servers are refused as counters, and stay, while another server hangs",
          "[faults][hung]") {
  Nodes nodes;
  std::vector<std::string> keys;
  for (int i = 0; i < 60; ++i) keys.push_back("text" + std::to_string(i));
  std::vector<operation::Increment> increments;
  for (const std::string& key : keys) {
    must(nodes.cache.set(key, "12 apples"));
    increments.push_back({key});
  }
  nodes.servers[0].stop();
  const auto sums = nodes.cache.run_many<operation::Increment>(increments, {.timeout = 1s});
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (nodes.on(0, keys[i])) continue;
    INFO(keys[i]);
    CHECK(code_of(sums[i]) == "rejected");
    CHECK(must(nodes.cache.get(keys[i])) == "12 apples");
  }
}

TEST_CASE("a server that hangs fails its own keys only of an asynchronous batch",
          "[faults][hung]") {
  Nodes nodes;
  must(nodes.cache.connect());
  std::vector<std::string> names;
  for (int i = 0; i < 2'000; ++i) names.push_back("async" + std::to_string(i));
  const std::vector<std::string_view> keys(names.begin(), names.end());
  std::vector<SetItem> items;
  for (const std::string& name : names) items.push_back({.key = name, .value = name});
  nodes.servers[0].stop();
  const auto stored = must(nodes.cache.async_set_many(items, {.timeout = 3s}).get());
  const auto found = must(nodes.cache.async_get_many(keys, {.timeout = 3s}).get());
  for (std::size_t i = 0; i < names.size(); ++i) {
    INFO(names[i]);
    CHECK(stored[i].has_value() != nodes.on(0, names[i]));
    CHECK(found[i].has_value() != nodes.on(0, names[i]));
  }
}
