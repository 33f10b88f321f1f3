// What CacheBackend makes of drivers that know little and behave badly.

#include "support/catch.hpp"
#include "support/results.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/driver_tools.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/units.hpp>

#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

using namespace cachekit;
using namespace cachekit::test;

namespace {

// Keeps everything in a map; `before_set` may refuse, or throw.
class MapDriver final : public Driver {
 public:
  using BeforeSet = std::function<Result<void>(const operation::Set& set)>;
  explicit MapDriver(BeforeSet before_set = {}, std::size_t max_value_bytes = 0,
                     std::optional<Error> no_removal = {})
      : before_set_(std::move(before_set)),
        max_value_bytes_(max_value_bytes),
        no_removal_(std::move(no_removal)) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "map"; }
  [[nodiscard]] Tier tier() const noexcept override { return Tier::in_process; }
  [[nodiscard]] Capabilities capabilities() const override {
    return {.max_key_bytes = 10, .max_value_bytes = max_value_bytes_};
  }
  [[nodiscard]] std::string target() const override { return "map:"; }
  void run(const AnyBatch& any, Deadline deadline) override {
    run_each(any, [&](const auto& one) {
      if constexpr (requires { answer(one); }) {
        return answer(one);
      } else {
        return fail(Errc::unsupported, "not here");
      }
    });
    if (const auto* sets = std::get_if<BatchOf<operation::Set>>(&any)) {
      remove_outgrown(*this, *sets, deadline);
    }
  }

 private:
  [[nodiscard]] Result<std::optional<std::string>> answer(const operation::Get& get) {
    const auto found = entries_.find(get.key);
    return found == entries_.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] Result<bool> answer(const operation::Set& set) {
    if (set.discard) return answer(operation::Remove{set.key});
    if (before_set_) {
      if (Result<void> may = before_set_(set); !may) return fail(std::move(may).error());
    }
    entries_.insert_or_assign(std::string(set.key), std::string(set.value));
    return true;
  }
  [[nodiscard]] Result<bool> answer(const operation::Remove& remove) {
    if (no_removal_) return fail(Error(*no_removal_));
    const auto found = entries_.find(remove.key);
    if (found == entries_.end()) return false;
    entries_.erase(found);
    return true;
  }

  BeforeSet before_set_;
  std::size_t max_value_bytes_;
  std::optional<Error> no_removal_;
  std::map<std::string, std::string, std::less<>> entries_{};
};

Result<bool> set(CacheBackend& cache, const std::string& value, bool waiting) {
  return waiting ? cache.set("k", value) : cache.async_set("k", value).get();
}

// Stores "v", and whatever else by `how`.
MapDriver::BeforeSet unless_v(const MapDriver::BeforeSet& how) {
  return [how](const operation::Set& one) { return one.value == "v" ? Result<void>() : how(one); };
}

}  // namespace

TEST_CASE("a driver of five functions is a cache", "[core][driver]") {
  CacheBackend cache(std::make_unique<MapDriver>());
  CHECK(cache.name() == "map");
  CHECK(must(cache.get("k")) == std::nullopt);
  CHECK(must(cache.set("k", "v")));
  CHECK(must(cache.async_get("k").get()) == "v");
  CHECK(code_of(cache.get("much too long a key")) == "invalid_argument");
  CHECK(code_of(cache.get("a b")) == "invalid_argument");
  CHECK(code_of(cache.increment("k")) == "unsupported");
  CHECK(code_of(cache.clear()) == "unsupported");
  CHECK(cache.ping().ok());
  CHECK(cache.stats().nodes.at(0).endpoint == "map:");
  CHECK(cache.metrics().snapshot().hits == 1);
  CHECK(cache.metrics().snapshot().misses == 1);
}

TEST_CASE("what a driver throws is an error, and counts once", "[core][driver]") {
  const bool waiting = GENERATE(true, false);
  const bool too_long = GENERATE(true, false);
  CacheBackend cache(std::make_unique<MapDriver>([&](const operation::Set&) -> Result<void> {
    if (too_long) throw std::length_error("too long");
    throw std::bad_alloc();
  }));
  CHECK(code_of(set(cache, "v", waiting)) == "outcome_unknown");
  CHECK(cache.metrics().snapshot().errors == 1);
}

TEST_CASE("what a server stores meanwhile outlives a set that was too large", "[core][driver]") {
  const bool waiting = GENERATE(true, false);
  bool stored = false;
  CacheBackend* asked = nullptr;
  InMemoryBackend cache({.capacity = kibibytes(64), .on_removal = [&](const Removal& removal) {
                           const bool first = removal.key == "k" && asked != nullptr;
                           if (!first) return;
                           stored =
                               std::exchange(asked, nullptr)->set("k", "fresh").value_or(false);
                         }});
  asked = &cache;
  REQUIRE(cache.set("k", "old"));
  CHECK(code_of(set(cache, std::string(std::size_t{1} << 20U, 'v'), waiting)) == "too_large");
  REQUIRE(stored);
  CHECK(must(cache.get("k")) == "fresh");
}

TEST_CASE("a removal that failed is told with the value that was too large", "[core][driver]") {
  const bool waiting = GENERATE(true, false);
  const auto refuse = [](const operation::Set&) { return fail(Errc::too_large, "too large here"); };
  CacheBackend cache(std::make_unique<MapDriver>(
      unless_v(refuse), 0, fail(Errc::unavailable, "no removal here").value()));
  REQUIRE(cache.set("k", "v"));
  const Result<bool> refused = set(cache, "longer", waiting);
  REQUIRE(code_of(refused) == "too_large");
  CHECK(refused.error().message.find("could not be removed") != std::string::npos);
}

TEST_CASE("an operation that discards is for drivers alone", "[core][driver]") {
  CacheBackend cache(std::make_unique<MapDriver>());
  REQUIRE(cache.set("k", "v"));
  CHECK(code_of(cache.run(operation::Set{.key = "k", .value = {}, .discard = true})) ==
        "invalid_argument");
  CHECK(must(cache.get("k")) == "v");
}

TEST_CASE("a dry run that fails claims no removal", "[core][driver]") {
  CacheBackend cache(std::make_unique<MapDriver>());
  for (const bool dry : {true, false}) {
    const auto removed = cache.remove_matching("*", {.dry_run = dry});
    REQUIRE(code_of(removed) == "unsupported");
    CHECK(removed.error().message.find("were removed") == std::string::npos);
  }
}

TEST_CASE("a report for which a length is too much is an error too", "[core][driver]") {
  class Boaster final : public Driver {
   public:
    [[nodiscard]] std::string_view name() const noexcept override { return "boaster"; }
    [[nodiscard]] Tier tier() const noexcept override { return Tier::in_process; }
    [[nodiscard]] Capabilities capabilities() const override { return {}; }
    [[nodiscard]] std::string target() const override { throw std::length_error("too long"); }
    void run(const AnyBatch& batch, Deadline) override {
      fail_each(batch, {Errc::unsupported, "not here"});
    }
  };
  CacheBackend cache(std::make_unique<Boaster>());
  CHECK(cache.target().empty());
  CHECK_FALSE(cache.ping().ok());
  CHECK(cache.stats().nodes.at(0).error);
}

TEST_CASE("whoever finds a value too large, no older one is left", "[core][driver]") {
  const bool waiting = GENERATE(true, false);
  const bool by_capability = GENERATE(true, false);
  const auto refuse = [](const operation::Set&) { return fail(Errc::too_large, "too large here"); };
  CacheBackend cache(by_capability ? std::make_unique<MapDriver>(nullptr, 5)
                                   : std::make_unique<MapDriver>(unless_v(refuse)));
  REQUIRE(cache.set("k", "v"));
  CHECK(code_of(set(cache, "longer", waiting)) == "too_large");
  CHECK(must(cache.get("k")) == std::nullopt);
  REQUIRE(cache.set("k", "v"));
  const SetOptions if_absent{.condition = SetCondition::if_absent};
  const auto refused = waiting ? cache.set("k", "longer", if_absent)
                               : cache.async_set("k", "longer", if_absent).get();
  CHECK(code_of(refused) == "too_large");
  CHECK(must(cache.get("k")) == "v");
  CHECK(cache.metrics().snapshot().errors == 2);
}
