// Calls that are withdrawn, by hand or by a stop token, whether their caller waits or not.

#include "subject.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("cancelling settles a request once, whatever comes first", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->set(cache.key("k"), "v"));
  for (int i = 0; i < 200; ++i) {
    auto pending = cache->async_get(cache.key("k"));
    pending.cancel();
    pending.cancel();
    const Result<std::optional<std::string>> result = pending.get();
    CHECK((result ? *result == "v" : result.error().code == Errc::cancelled));
  }
  for (int i = 0; i < 200; ++i) {
    auto pending = cache->async_increment(cache.key("n"));
    pending.cancel();
    const auto result = pending.get();
    if (!result)
      CHECK_THAT(code_of(result), Catch::Matchers::StartsWith("cancelled") ||
                                      Catch::Matchers::StartsWith("outcome_unknown"));
  }
  CHECK(must(cache->get(cache.key("k"))) == "v");  // Late replies went to nobody else.
}

TEST_CASE("a stop token withdraws requests, before and after their start", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->set(cache.key("k"), "v"));
  std::stop_source stopped;
  stopped.request_stop();
  const auto at_once = cache->async_get(cache.key("k"), {.stop = stopped.get_token()}).get();
  CHECK((at_once ? *at_once == "v" : at_once.error().code == Errc::cancelled));

  for (int round = 0; round < 50; ++round) {
    std::stop_source source;
    std::atomic<int> calls{0}, wrong{0};
    for (int i = 0; i < 100; ++i) {
      cache->async_get(cache.key("k"), {.stop = source.get_token()})
          .then([&](const Result<std::optional<std::string>>& result) {
            if (result ? *result != "v" : result.error().code != Errc::cancelled) ++wrong;
            ++calls;
          });
      if (i == round * 2) source.request_stop();
    }
    CHECK(eventually([&] { return calls == 100; }));
    CHECK(wrong == 0);
  }
  CHECK(must(cache->get(cache.key("k"))) == "v");
}

TEST_CASE("calls that are waited for take a stop token, too", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  std::stop_source source;
  const CallOptions withdrawable{.stop = source.get_token()};
  CHECK(must(cache->set(cache.key("k"), "1", {.stop = source.get_token()})));
  CHECK(must(cache->get(cache.key("k"), withdrawable)) == "1");
  CHECK(must(cache->increment(cache.key("k"), 2, withdrawable)) == 3);
  CHECK(code_of(cache->get(cache.key("k"), {.timeout = 0ms, .stop = source.get_token()})) ==
        "invalid_argument");

  // More than one piece, and one value that is a piece by itself.
  std::vector<std::string> names;
  for (int i = 0; i < 2500; ++i) names.push_back(cache.key("s" + std::to_string(i)));
  const std::string large(700'000, 'v');
  std::vector<SetItem> items;
  for (const std::string& name : names) items.push_back({name, "v"});
  for (std::size_t i = 1200; i < 1216; ++i) items[i].value = large;
  const SetManyOptions storing{.timeout = 20s, .stop = source.get_token()};
  for (const auto& stored : cache->set_many(items, storing)) CHECK(must(stored));
  const std::vector<std::string_view> keys(names.begin(), names.end());
  const auto found = cache->get_many(keys, {.timeout = 20s, .stop = source.get_token()});
  REQUIRE(found.size() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) CHECK(must(found[i]) == items[i].value);

  source.request_stop();
  CHECK(code_of(cache->get(cache.key("k"), withdrawable)) == "cancelled");
  CHECK(code_of(cache->set(cache.key("k"), "9", {.stop = source.get_token()})) == "cancelled");
  for (const auto& outcome : cache->remove_many(keys, withdrawable)) {
    CHECK(code_of(outcome) == "cancelled");
  }
  CHECK(must(cache->get(cache.key("k"))) == "3");
  CHECK(must(cache->exists(names.back())));
  if (cache->capabilities().scan) {
    const auto any = [](std::string_view) { return true; };
    CHECK(code_of(cache->scan({.stop = source.get_token()}, any)) == "cancelled");
    CHECK(code_of(cache->remove_matching(cache.key("*"), {.stop = source.get_token()})) ==
          "cancelled");
  }
}
