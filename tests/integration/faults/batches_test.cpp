#include "rig.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <cachekit/memcached.hpp>

#include <array>
#include <string>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

constexpr int for_good = 1'000'000;

// Three real servers, each behind a proxy, and the 60 keys that a client spread over them.
struct Cluster {
  std::array<MemcachedServer, 3> servers{};
  FaultProxy first{servers[0].port()};
  FaultProxy second{servers[1].port()};
  FaultProxy third{servers[2].port()};
  MemcachedBackend cache{{.servers = {first.endpoint(), second.endpoint(), third.endpoint()},
                          .operation_timeout = patience}};
  std::vector<std::string> keys{};

  Cluster() {
    for (int i = 0; i < 60; ++i) keys.push_back("key" + std::to_string(i));
    for (const std::string& key : keys) must(cache.set(key, "value of " + key));
  }
  [[nodiscard]] bool on_second(std::string_view key) const {
    return must(cache.server_of(key)) == second.endpoint();
  }
  // How many keys the failed second server owns; all others must have been answered.
  [[nodiscard]] int check_many(const CallOptions& options = {}) {
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    const auto outcomes = cache.get_many(views, options);
    REQUIRE(outcomes.size() == keys.size());
    int failed = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      INFO(keys[i] << " on " << must(cache.server_of(keys[i])));
      if (on_second(keys[i])) {
        CHECK_FALSE(outcomes[i]);
        ++failed;
      } else {
        CHECK(must(outcomes[i]) == "value of " + keys[i]);
      }
    }
    return failed;
  }
};

}  // namespace

TEST_CASE("a node that refuses, cuts its replies or is silent fails its own keys of a batch only",
          "[faults]") {
  Cluster cluster;
  SECTION("refuses") {
    cluster.second.refuse();
    cluster.second.reset_connections();
    CHECK(cluster.check_many() > 0);
  }
  SECTION("cuts its replies") {
    cluster.second.cut_replies_after(5, for_good);
    CHECK(cluster.check_many() > 0);
  }
  SECTION("is silent") {
    cluster.second.stall();
    CHECK(cluster.check_many({.timeout = 1s}) > 0);
  }
}

TEST_CASE("a batch of writes tells for each node's items whether they were stored", "[faults]") {
  Cluster cluster;
  cluster.second.cut_replies_after(0, for_good);
  std::vector<SetItem> items;
  for (const std::string& key : cluster.keys) items.push_back({.key = key, .value = "new"});
  const auto outcomes = cluster.cache.set_many(items);
  REQUIRE(outcomes.size() == items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    INFO(items[i].key);
    const std::string code = code_of(outcomes[i]);
    if (cluster.on_second(items[i].key)) {
      CHECK((code == "outcome_unknown" || code == "unavailable"));
    } else {
      CHECK(must(outcomes[i]));
    }
  }
}

TEST_CASE("a batch that is cut at any byte gives right values or errors, never a miss",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  std::vector<std::string> keys;
  for (int i = 0; i < 20; ++i) keys.push_back("key" + std::to_string(i));
  for (const std::string& key : keys) must(rig.truth().set(key, "value of " + key));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  for (std::size_t bytes = 0; bytes < 300; bytes += 7) {
    INFO("cut after " << bytes << " bytes");
    rig.proxy().cut_replies_after(bytes, 2);  // Also the transparent second try.
    const auto outcomes = rig.cache().get_many(views);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (outcomes[i]) CHECK(*outcomes[i] == "value of " + keys[i]);
    }
  }
}
