// A program that forks while its threads use an in-process cache, which the child goes on with.

#include "child.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"
#include "support/temp_dir.hpp"

#include <cachekit/memory.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

using namespace cachekit;
using namespace cachekit::test;

namespace {

constexpr std::size_t many_shards = 256;

bool use(InMemoryBackend& cache, const std::string& prefix, int calls) {
  for (int i = 0; i < calls; ++i) {
    const std::string key = prefix + std::to_string(i % 100);
    const std::string value(static_cast<std::size_t>(i) * 37 % 9'000, 'v');
    if (cache.set(key, value) != true || cache.get(key) != value) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a child goes on with a cache that threads were using during the fork",
          "[fork][memory]") {
  InMemoryBackend cache({.capacity = mebibytes(32), .shards = 1});
  REQUIRE(cache.set("k", "v"));
  Crew crew(3, [&](unsigned i) {
    static_cast<void>(use(cache, "thread" + std::to_string(i) + "-", 100));
  });
  for (int i = 0; i < 100; ++i) {
    Child child([&] {
      if (cache.set("k", "w") != true || cache.get("k") != "w") return false;
      const std::array<std::string_view, 2> keys{"thread0-1", "child1"};
      return use(cache, "child", 200) && cache.get_many(keys)[1].value() &&
             cache.resize(mebibytes(16)) && cache.stats().nodes.at(0).items > 0 &&
             cache.validate() && cache.clear();
    });
    REQUIRE(child.outcome() == "right");
  }
  crew.stop();
  CHECK(cache.validate());
}

TEST_CASE("a child asks for warnings while a thread of its parent was writing the snapshot",
          "[fork][memory]") {
  const TempDir folder;
  InMemoryBackend cache({.snapshot_file = folder / "snapshot"});
  REQUIRE(cache.connect());
  std::atomic<int> written{0};
  Crew crew(1, [&](unsigned) {
    if (cache.set("k", std::to_string(written)) && cache.flush()) ++written;
  });
  for (int i = 0; i < 50; ++i) {
    const int before = written;
    Child child([&] { return cache.warnings().empty(); });
    REQUIRE(child.outcome() == "right");
    CHECK(eventually([&] { return written > before; }));
  }
}

TEST_CASE("forks while threads make and destroy caches harm neither side", "[fork][memory]") {
  InMemoryBackend cache({.shards = many_shards});
  REQUIRE(cache.set("k", "v"));
  std::atomic<int> wrong{0}, made{0};
  Crew crew(2, [&](unsigned) {
    InMemoryBackend one({.capacity = mebibytes(32), .shards = many_shards});
    if (!use(one, "k", 3) || !one.validate()) ++wrong;
    ++made;
  });
  for (int i = 0; i < 100; ++i) {
    const int before = made;
    Child child([&] { return cache.set("k", "w") == true && cache.get("k") == "w"; });
    REQUIRE(child.outcome() == "right");
    CHECK(eventually([&] { return made > before; }));
  }
  crew.stop();
  CHECK(wrong == 0);
  CHECK(use(cache, "parent", 5));
}
