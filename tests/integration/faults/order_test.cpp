// Requests of one thread to one node reach it in the order in which they were begun, whatever
// breaks, and whatever way each of them takes.

#include "rig.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/cutting_server.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <cachekit/redis.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;

namespace {

constexpr const char* key = "k";
constexpr std::size_t large = 100'000;
constexpr std::size_t most_under_way = 500;

// Every write of the key carries its number.
std::string numbered(std::uint64_t number, std::size_t size = 0) {
  return std::to_string(number) + " " + std::string(size, 'x');
}

std::uint64_t number_of(const std::string& value) {
  std::uint64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

// What the server did with the writes of the key.
struct Order {
  explicit Order(const CuttingServer& server) {
    std::uint64_t last = 0;
    for (const auto& stored : server.journal()) {
      if (stored.key != key) continue;
      const std::uint64_t number = number_of(stored.head);
      if (!carried_out.insert(number).second) ++duplicates;
      if (number < last && steps_back++ == 0) first_step = {last, number};
      last = number;
    }
  }
  void check() const {
    INFO("the first step back: " << first_step.first << ", then " << first_step.second);
    CHECK(steps_back == 0);
    CHECK(duplicates == 0);
  }

  std::set<std::uint64_t> carried_out{};
  int steps_back = 0;
  int duplicates = 0;
  std::pair<std::uint64_t, std::uint64_t> first_step{};
};

// Connections that end at any byte of some requests, or of their replies.
CuttingServer::Plan cut_anywhere(std::size_t requests, std::size_t replies) {
  return [requests, replies, random = std::mt19937_64(1)](std::size_t) mutable {
    CuttingServer::Cut cut{.reset = random() % 2 == 0};
    if (random() % 2 == 0) {
      cut.requests = 1 + random() % requests;
    } else {
      cut.replies = 1 + random() % replies;
    }
    return cut;
  };
}

// Others who call meanwhile, or nobody: with them, callers have connections of their own.
class Others {
 public:
  Others(CacheBackend& cache, unsigned amount) {
    crew_.emplace(amount, [&cache](unsigned i) {
      static_cast<void>(cache.get("of others " + std::to_string(i)));
    });
  }

 private:
  std::optional<Crew> crew_{};
};

// One thread's writes of one key, one after the other, each in another way.
class Writer {
 public:
  Writer(CacheBackend& cache, std::uint64_t seed) : cache_(cache), random_(seed) {}

  void write() {
    const std::size_t size = random_() % 4 == 0 ? large : 0;
    const std::string value = numbered(++number_, size);
    switch (random_() % 8) {
      case 0:
        note(number_, cache_.set(key, value));
        break;
      case 1:
        note(number_, write_batch(2, value));
        break;
      case 2:
        note(number_, write_batch(300, value));
        break;
      default:
        pending_.emplace_back(number_, cache_.async_set(key, value));
    }
    while (pending_.size() > 20) take();
  }
  void take_all() {
    while (!pending_.empty()) take();
  }
  // Those that the server must have carried out, or must not have.
  void check(const Order& order) const {
    int lost = 0;
    int done_in_secret = 0;
    for (const std::uint64_t one : done_) lost += order.carried_out.contains(one) ? 0 : 1;
    for (const std::uint64_t one : undone_)
      done_in_secret += order.carried_out.contains(one) ? 1 : 0;
    CHECK(lost == 0);
    CHECK(done_in_secret == 0);
  }
  [[nodiscard]] std::uint64_t last() const { return number_; }
  [[nodiscard]] std::size_t done() const { return done_.size(); }

 private:
  Result<bool> write_batch(std::size_t size, const std::string& value) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < size; ++i) keys.push_back("of the batch " + std::to_string(i));
    std::vector<SetItem> items;
    for (const std::string& one : keys) items.push_back({.key = one, .value = "v"});
    items[size / 2] = {.key = key, .value = value};
    return cache_.set_many(items)[size / 2];
  }
  void take() {
    note(pending_.front().first, pending_.front().second.get());
    pending_.pop_front();
  }
  void note(std::uint64_t number, const Result<bool>& outcome) {
    if (outcome) done_.push_back(number);
    if (!outcome && outcome.error().code != Errc::outcome_unknown) undone_.push_back(number);
  }

  CacheBackend& cache_;
  std::mt19937_64 random_;
  std::uint64_t number_ = 0;
  std::deque<std::pair<std::uint64_t, Pending<bool>>> pending_{};
  std::vector<std::uint64_t> done_{};
  std::vector<std::uint64_t> undone_{};
};

}  // namespace

TEST_CASE("asynchronous writes of one thread never change their order, in 1,000 broken connections",
          "[faults][order]") {
  CuttingServer server(cut_anywhere(4'000, 400));
  const auto cache = client_of(Kind::redis, server.port());
  std::deque<std::pair<std::uint64_t, Pending<bool>>> pending;
  std::set<std::uint64_t> done;
  std::uint64_t number = 0;
  const auto take = [&] {
    const auto outcome = pending.front().second.get();
    if (outcome) done.insert(pending.front().first);
    pending.pop_front();
  };
  while (server.connections() < 1'000) {
    ++number;
    pending.emplace_back(number, cache->async_set(key, numbered(number)));
    if (pending.size() > most_under_way) take();
  }
  while (!pending.empty()) take();
  const Order order(server);
  order.check();
  CHECK(std::ranges::includes(order.carried_out, done));
  CHECK(done.size() > 1'000);
  CHECK(server.failures().empty());
}

TEST_CASE("what one thread wrote last is what stays, whatever kinds of calls came before",
          "[faults][order]") {
  const unsigned others = GENERATE(0U, 6U);
  INFO(others << " other threads");
  CuttingServer server;
  const auto cache = client_of(Kind::redis, server.port());
  const Others busy(*cache, others);
  Writer writer(*cache, 1);
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 20; ++i) writer.write();
    CHECK(number_of(must(cache->get(key)).value_or("")) == writer.last());
  }
  writer.take_all();
  const Order order(server);
  order.check();
  writer.check(order);
  CHECK(writer.done() == writer.last());
  CHECK(server.failures().empty());
}

TEST_CASE("writes of one thread keep their order over all kinds of calls when connections break",
          "[faults][order]") {
  const unsigned others = GENERATE(0U, 6U);
  INFO(others << " other threads");
  CuttingServer server(cut_anywhere(600'000, 200));
  const auto cache = client_of(Kind::redis, server.port());
  const Others busy(*cache, others);
  Writer writer(*cache, 2);
  while (server.connections() < 300) writer.write();
  writer.take_all();
  const Order order(server);
  order.check();
  writer.check(order);
  CHECK(writer.done() > 100);
  CHECK(server.failures().empty());
}

TEST_CASE("a blocking write is never overtaken by an asynchronous one that was begun before it",
          "[faults][order]") {
  const std::size_t first = GENERATE(std::size_t{0}, large);
  const std::size_t second = GENERATE(std::size_t{0}, large);
  const unsigned others = GENERATE(0U, 6U);
  INFO(first << " bytes, then " << second << ", beside " << others << " other threads");
  CuttingServer server;
  const auto cache = client_of(Kind::redis, server.port());
  const Others busy(*cache, others);
  std::uint64_t number = 0;
  for (int round = 0; round < 200; ++round) {
    cache->async_set(key, numbered(++number, first)).ignore();
    must(cache->set(key, numbered(++number, second)));
    cache->async_remove(key).ignore();
    must(cache->set(key, numbered(++number, second)));
  }
  CHECK(number_of(must(cache->get(key)).value_or("")) == number);
  Order(server).check();
}
