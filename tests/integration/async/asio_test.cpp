#include "caches.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <cachekit/asio.hpp>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

using namespace cachekit;
using namespace cachekit::test;

namespace {

using Value = Result<std::optional<std::string>>;

asio::awaitable<int> count(CacheBackend& cache, std::thread::id runner) {
  int right = 0;
  for (int i = 1; i <= 1'000; ++i) {
    const auto sum = co_await async_take(cache.async_increment("n"), asio::use_awaitable);
    if (sum == i && std::this_thread::get_id() == runner) ++right;
  }
  co_return right;
}

}  // namespace

TEST_CASE("an Asio coroutine awaits its requests on its own executor", "[async][asio]") {
  asio::io_context context;
  const auto cache = make_cache(GENERATE(true, false));
  int right = 0;
  asio::co_spawn(context, count(*cache, std::this_thread::get_id()),
                 [&](const std::exception_ptr&, int counted) { right = counted; });
  context.run();  // Ends when nothing is outstanding: what is under way is.
  CHECK(right == 1'000);
}

TEST_CASE("an Asio handler is posted to its executor and keeps that from running dry",
          "[async][asio]") {
  asio::io_context context;
  const auto cache = make_cache(GENERATE(true, false));
  must(cache->set("k", "v"));
  auto strand = asio::make_strand(context);
  Value seen;
  bool on_strand = false;
  async_take(cache->async_get("k"),
             asio::bind_executor(strand, [&, kept = std::make_unique<int>(1)](Value value) {
               on_strand = strand.running_in_this_thread() && *kept == 1;
               seen = std::move(value);
             }));
  context.run();
  CHECK(seen == "v");
  CHECK(on_strand);
}

TEST_CASE("Asio's future holds the result, an error, too", "[async][asio]") {
  const auto cache = make_cache(GENERATE(true, false));
  must(cache->set("k", "text"));
  std::future<Result<std::int64_t>> sum = async_take(cache->async_increment("k"), asio::use_future);
  CHECK(code_of(sum.get()) == "rejected");
}

TEST_CASE("a result that Asio's detached token drops does no harm", "[async][asio]") {
  const auto cache = make_cache(GENERATE(true, false));
  async_take(cache->async_set("k", "v"), asio::detached);
  CHECK(must(cache->get("k")) == "v");
}
