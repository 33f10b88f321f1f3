// Requests for which nobody waits, when servers and networks fail: each is settled within its
// budget, and none is done twice.

#include "rig.hpp"
#include "support/black_hole.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

using Value = std::optional<std::string>;

bool is(const Result<Value>& result, std::string_view value) { return result && *result == value; }

// How many results there were, by the name of their code.
class Codes {
 public:
  template <typename T>
  void add(const Result<T>& result) {
    const std::string code = code_of(result);
    const std::lock_guard lock(mutex_);
    ++counts_[code];
    ++total_;
  }
  [[nodiscard]] auto counting() {
    return [this](const auto& result) { add(result); };
  }
  [[nodiscard]] int total() const {
    const std::lock_guard lock(mutex_);
    return total_;
  }
  [[nodiscard]] int of(const std::string& code) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(code);
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  mutable std::mutex mutex_;  // guards counts_ and total_
  std::map<std::string, int> counts_;
  int total_ = 0;
};

// What a call comes to that is stopped once its request is with a server that hangs.
template <typename Call>
std::string stopped_once_sent(Rig& rig, const Call& call) {
  rig.proxy().stall();
  const std::uint64_t before = rig.proxy().request_bytes();
  std::stop_source source;
  std::thread stopper([&] {
    static_cast<void>(eventually([&] { return rig.proxy().request_bytes() > before; }));
    source.request_stop();
  });
  const std::string code = call(CallOptions{.stop = source.get_token()});
  stopper.join();
  rig.proxy().pass();
  return code;
}

}  // namespace

TEST_CASE("a result is there as soon as the first connection is, not at the end of the budget",
          "[faults][async]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind, forever);
  CHECK(must(rig.cache().async_get("k").get()) == std::nullopt);
  rig.proxy().reset_connections();
  CHECK(must(rig.cache().async_get("k").get()) == std::nullopt);
}

TEST_CASE("nothing overtakes what waits for the first connection", "[faults][async]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  for (int round = 0; round < 20; ++round) {
    const auto cache = client_of(kind, rig.server().port());
    for (int i = 0; i <= 500; ++i) cache->async_set("k", std::to_string(i)).ignore();
    CHECK(must(cache->async_get("k").get()) == "500");
  }
}

TEST_CASE("when the server hangs, every asynchronous request ends with its budget",
          "[faults][async]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  rig.server().stop();
  Codes reads, writes;
  std::vector<Pending<Value>> pending_reads;
  std::vector<Pending<std::int64_t>> pending_writes;
  for (int i = 0; i < 50; ++i) {
    rig.cache().async_get("k", {.timeout = 100ms}).then(reads.counting());
    rig.cache().async_increment("n", 1, {.timeout = 100ms}).then(writes.counting());
    pending_reads.push_back(rig.cache().async_get("k", {.timeout = 100ms}));
    pending_writes.push_back(rig.cache().async_increment("n", 1, {.timeout = 100ms}));
  }
  for (auto& pending : pending_reads) reads.add(pending.get());
  for (auto& pending : pending_writes) writes.add(pending.get());
  CHECK(eventually([&] { return reads.total() == 100 && writes.total() == 100; }));
  rig.server().resume();
  // The connection is given up while some are waiting: then the rest fails with it.
  CHECK(reads.of("timeout") + reads.of("unavailable") == 100);
  CHECK(reads.of("timeout") > 0);
  CHECK(writes.of("outcome_unknown") + writes.of("timeout") + writes.of("unavailable") == 100);
  CHECK(writes.of("outcome_unknown") > 0);
  CHECK(eventually([&] { return is(rig.cache().async_get("k").get(), "v"); }));
  CHECK(must(rig.truth().increment("n", 0)) <= 100);
}

TEST_CASE("when the server hangs, requests behind a long one end with their own budgets",
          "[faults][async]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  rig.proxy().stall();
  Gate first_told;
  auto slow = rig.cache().async_get("k");  // It has much time left.
  rig.cache().async_get("k", {.timeout = 50ms}).then([&](const Result<Value>& result) {
    if (code_of(result) == "timeout") first_told.open();
  });
  CHECK(first_told.wait());
  CHECK_FALSE(slow.ready());
  rig.proxy().pass();
  CHECK(must(slow.get()) == "v");
}

TEST_CASE("a stop token ends a get() that is waiting for a reply", "[faults][async]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind, forever);
  must(rig.cache().set("k", "v"));
  CHECK(stopped_once_sent(rig, [&](const CallOptions& options) {
          return code_of(rig.cache().async_get("k", options).get());
        }) == "cancelled");
  rig.proxy().stall();
  auto write = rig.cache().async_increment("n");
  write.cancel();
  CHECK(code_of(write.get()) == "outcome_unknown");
  rig.proxy().pass();
  CHECK(must(rig.cache().get("k")) == "v");
  CHECK(must(rig.cache().increment("n", 0)) == 1);
}

TEST_CASE("a stop token ends a call that waits for a server that hangs", "[faults][async]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind, forever);
  must(rig.cache().set("k", "v"));
  CHECK(stopped_once_sent(rig, [&](const CallOptions& options) {
          return code_of(rig.cache().get("k", options));
        }) == "cancelled");
  CHECK(stopped_once_sent(rig, [&](const CallOptions& options) {
          return code_of(rig.cache().increment("n", 1, options));
        }) == "outcome_unknown");
  const std::vector<std::string_view> keys(2000, "k");
  CHECK(stopped_once_sent(rig, [&](const CallOptions& options) {
          Codes codes;
          for (const auto& outcome : rig.cache().get_many(keys, options)) codes.add(outcome);
          return codes.of("cancelled") == 2000 ? "all" : "some";
        }) == "all");
  CHECK(must(rig.cache().get("k")) == "v");
  CHECK(eventually([&] { return must(rig.truth().increment("n", 0)) == 1; }));
}

TEST_CASE("when the connection breaks, reads are asked again and writes are in doubt",
          "[faults][async]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const bool with_callbacks = GENERATE(false, true);
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  must(rig.cache().increment("n"));
  Codes reads, writes;
  std::vector<Pending<Value>> pending_reads;
  std::vector<Pending<std::int64_t>> pending_writes;
  rig.proxy().hold_replies();
  for (int i = 0; i < 50; ++i) {
    pending_reads.push_back(rig.cache().async_get("k"));
    pending_writes.push_back(rig.cache().async_increment("n"));
    if (!with_callbacks) continue;
    pending_reads.back().then(reads.counting());
    pending_writes.back().then(writes.counting());
  }
  // All of them have been done, as the others can see.
  CHECK(eventually([&] {
    if (!with_callbacks) static_cast<void>(pending_reads.back().ready());
    return must(rig.truth().increment("n", 0)) >= 1;
  }));
  rig.proxy().reset_connections();
  rig.proxy().pass();
  if (!with_callbacks) {
    for (auto& pending : pending_reads) reads.add(pending.get());
    for (auto& pending : pending_writes) writes.add(pending.get());
  }
  CHECK(eventually([&] { return reads.total() == 50 && writes.total() == 50; }));
  CHECK(reads.of("no error") == 50);
  CHECK(writes.of("outcome_unknown") + writes.of("no error") == 50);
  const auto sum = must(rig.truth().increment("n", 0));  // None was done twice.
  CHECK(sum >= 1 + writes.of("no error"));
  CHECK(sum <= 51);
}

TEST_CASE("no increment is done twice, however often connections break", "[faults][async]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  Codes codes;
  for (int round = 0; round < 20; ++round) {
    rig.proxy().cut_replies_after(static_cast<std::size_t>(round * 7), 1);
    for (int i = 0; i < 50; ++i) rig.cache().async_increment("n").then(codes.counting());
    CHECK(eventually([&] { return codes.total() == 50 * (round + 1); }));
    rig.proxy().pass();
  }
  const auto sum = must(rig.truth().increment("n", 0));
  CHECK(sum >= codes.of("no error"));
  CHECK(sum <= codes.of("no error") + codes.of("outcome_unknown"));
  CHECK(codes.of("no error") + codes.of("outcome_unknown") + codes.of("unavailable") == 1'000);
}

TEST_CASE("without a server every request is unavailable, and all is well once it is there",
          "[faults][async]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  const auto cache = client_of(kind, rig.server().port());
  must(rig.truth().set("k", "v"));
  rig.server().kill();
  Codes codes;
  for (int i = 0; i < 100; ++i) {
    cache->async_get("k").then(codes.counting());
    cache->async_increment("n").then(codes.counting());
    codes.add(cache->async_set("k", "v").get());
  }
  CHECK(eventually([&] { return codes.total() == 300; }));
  CHECK(codes.of("unavailable") == 300);
  rig.server().restart();
  CHECK(eventually([&] { return cache->async_set("k", "v").get().has_value(); }));
  Gate told;
  cache->async_get("k").then([&](const Result<Value>& result) {
    if (is(result, "v")) told.open();
  });
  CHECK(told.wait());
}

TEST_CASE("what waits for a connection is bounded, and all of it is settled", "[faults][async]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const BlackHole hole;
  const auto cache = client_of(kind, hole.port());
  Codes codes;
  for (int i = 0; i < 12'000; ++i) {
    cache->async_get("k", {.timeout = 2s}).then(codes.counting());
  }
  CHECK(eventually([&] { return codes.of("overloaded") > 0; }));
  CHECK(eventually([&] { return codes.total() == 12'000; }));
  CHECK(codes.of("overloaded") + codes.of("timeout") == 12'000);
  CHECK(codes.of("timeout") >= 10'000);
}

TEST_CASE("destroying a backend settles what waits for a dead server", "[faults][async]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const bool connected = GENERATE(false, true);
  Rig rig(kind);
  if (!connected) rig.proxy().stall();
  auto cache = client_of(kind, rig.proxy().port());
  if (connected) must(cache->connect());
  rig.proxy().stall();
  Codes codes;
  std::vector<Pending<Value>> kept;
  for (int i = 0; i < 100; ++i) {
    cache->async_get("k").then(codes.counting());
    cache->async_increment("n").then(codes.counting());
    kept.push_back(cache->async_get("k"));
    cache->async_set("k", "v").ignore();
  }
  cache.reset();
  CHECK(codes.total() == 200);
  CHECK(codes.of("cancelled") >= 100);
  CHECK(codes.of("cancelled") + codes.of("outcome_unknown") == 200);
  for (auto& pending : kept) CHECK(code_of(pending.get()) == "cancelled");
}
