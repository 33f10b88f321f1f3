#include "expander/loading.hpp"
#include "support/catch.hpp"
#include "unit/expander/entities.hpp"

#include <memory>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

// An entity that can be moved only.
struct Blob {
  struct Codec {
    static std::string encode(const Blob& blob) { return *blob.bytes; }
    static Result<Blob> decode(std::string_view bytes) {
      return Blob{std::make_unique<std::string>(bytes)};
    }
  };
  static constexpr std::string_view cache_prefix = "blob";
  using cache_codec = Codec;

  std::unique_ptr<std::string> bytes;
};

}  // namespace

TEST_CASE("a loader may answer with a value, an optional, or a Result of either", "[expander]") {
  Fixture t;
  const auto name_of = [&](auto loader) {
    return (*t.expander.fetch<User>(1, loader, {.strategy = Strategy::bypass}))->name;
  };
  CHECK(name_of([] { return User{"plain"}; }) == "plain");
  CHECK(name_of([] { return std::optional(User{"optional"}); }) == "optional");
  CHECK(name_of([] { return Result<User>(User{"result"}); }) == "result");
  CHECK(name_of([] { return Result<std::optional<User>>(User{"both"}); }) == "both");

  const auto none = [] { return Result<std::optional<User>>(std::nullopt); };
  auto absent = t.expander.fetch<User>(1, none);
  REQUIRE(absent);
  CHECK_FALSE(absent->has_value());
}

TEST_CASE("an entity that can only be moved is cached as any other", "[expander]") {
  Fixture t;
  const auto load_blob = [] { return Blob{std::make_unique<std::string>("bytes")}; };
  CHECK(*(*t.expander.fetch<Blob>("a", load_blob))->bytes == "bytes");
  CHECK(*(*t.expander.find<Blob>("a"))->bytes == "bytes");
}

TEST_CASE("what a loader throws is an error with its words and never escapes", "[expander]") {
  Fixture t;
  const auto error_of = [&](auto loader) { return t.expander.fetch<User>(1, loader).error(); };
  const Error known = error_of([]() -> User { throw std::runtime_error("table users is gone"); });
  CHECK(known.code == Errc::loader_failed);
  CHECK(known.message == "the loader failed: table users is gone");
  const Error unknown = error_of([]() -> User { throw 7; });
  CHECK(unknown.code == Errc::loader_failed);
  CHECK_FALSE(unknown.message.empty());
  CHECK(t.backend.inner().entries.empty());
  CHECK(t.expander.metrics().snapshot().load_failures == 2);
}

TEST_CASE("a loader's own error keeps its words and place", "[expander]") {
  Fixture t;
  const auto loader = []() -> Result<User> {
    return fail(Errc::timeout, "no reply", "db:5432", "is the database up?");
  };
  const auto fetched = t.expander.fetch<User>(1, loader);
  REQUIRE_FALSE(fetched);
  CHECK(fetched.error() ==
        Error{Errc::loader_failed, "no reply", "db:5432", "is the database up?"});
}

TEST_CASE("a loader is called once unless retries are asked for", "[expander]") {
  Fixture t;
  std::vector<unsigned> pauses;
  CacheExpander expander(
      t.backend,
      {.backoff = [&](unsigned failures) { pauses.push_back(failures); }, .runtime = &t.runtime});
  int calls = 0;
  const auto third_time_lucky = [&]() -> User {
    if (++calls % 3 != 0) throw std::runtime_error("busy");
    return User{"Ada"};
  };
  CHECK_FALSE(expander.fetch<User>(1, third_time_lucky));
  CHECK(calls == 1);
  CHECK(pauses.empty());

  calls = 0;
  CHECK_FALSE(expander.fetch<User>(1, third_time_lucky, {.loader_retries = 1}));
  CHECK(calls == 2);

  calls = 0;
  pauses.clear();
  CHECK(expander.fetch<User>(1, third_time_lucky, {.loader_retries = 5})->has_value());
  CHECK(calls == 3);
  CHECK(pauses == std::vector<unsigned>{1, 2});

  const auto now = expander.metrics().snapshot();
  CHECK(now.loads == 6);
  CHECK(now.load_failures == 5);
}

TEST_CASE("the pause between two loads doubles from 20 ms and never passes a second",
          "[expander]") {
  CHECK(longest_pause(1) == 20ms);
  CHECK(longest_pause(2) == 40ms);
  CHECK(longest_pause(6) == 640ms);
  CHECK(longest_pause(7) == 1s);
  CHECK(longest_pause(4'000'000'000) == 1s);
}

TEST_CASE("an entry keeps what its load cost", "[expander]") {
  Fixture t;
  const auto slow = [&] {
    t.runtime.advance(250ms);
    return User{"Ada"};
  };
  REQUIRE(t.expander.fetch<User>(1, slow));
  const auto envelope = decode_envelope(t.backend.inner().entries.at("user:1").value);
  REQUIRE(envelope);
  CHECK(envelope->load_cost == 250ms);
  CHECK(envelope->schema == 3);
  CHECK(envelope->codec == CodecId{200});
}

TEST_CASE("a value that cannot be encoded is returned, not stored, and counted", "[expander]") {
  Fixture t;
  t.source.name = "cannot be encoded";
  auto fetched = t.fetch();
  REQUIRE(fetched);
  CHECK(fetched->has_value());
  CHECK(fetched->cache_error->message == "the value could not be encoded: no such letter");
  CHECK(t.backend.inner().entries.empty());
  CHECK(t.expander.metrics().snapshot().errors == 1);
  CHECK(t.expander.put(1, User{"cannot be encoded"}).error().code == Errc::invalid_argument);
}

TEST_CASE("a loader may use the expander that called it", "[expander]") {
  Fixture t;
  const auto outer = [&] { return User{(*t.expander.fetch<User>(2, t.source.loader()))->name}; };
  CHECK((*t.expander.fetch<User>(1, outer))->name == "Ada");
  CHECK(t.backend.inner().entries.size() == 2);
}
