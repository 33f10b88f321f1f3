#pragma once

#include "support/allocations.hpp"
#include "support/results.hpp"
#include "support/servers.hpp"
#include "watchdog.hpp"

#include <cachekit/backend.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit::test {

enum class Kind { redis, memcached };
inline constexpr std::array both_kinds{Kind::redis, Kind::memcached};
[[nodiscard]] std::string_view to_string(Kind kind) noexcept;

/// Of every call here. The servers are well, so a call that needs all of it was forgotten.
inline constexpr std::chrono::milliseconds patience = std::chrono::seconds(20);

/// One Redis server or two Memcached servers, and the values that a neighbour must always find.
class Rig {
 public:
  explicit Rig(Kind kind);

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  /// The client whose calls run short of memory; connected until something closes a connection.
  [[nodiscard]] CacheBackend& cache() noexcept { return *cache_; }
  /// A client that knows no shortage.
  [[nodiscard]] CacheBackend& truth() noexcept { return *truth_; }
  [[nodiscard]] std::size_t nodes() const noexcept { return servers_.size(); }
  [[nodiscard]] const LocalServer& server() const noexcept { return *servers_.front(); }

  /// Another `cache()`, which has sent nothing yet.
  void begin_anew();
  /// That the next calls get their own values, whatever the last one has come to.
  void check_neighbours();

 private:
  [[nodiscard]] std::unique_ptr<CacheBackend> make_client() const;

  Kind kind_;
  std::vector<std::unique_ptr<LocalServer>> servers_;
  std::unique_ptr<CacheBackend> cache_;
  std::unique_ptr<CacheBackend> truth_;
  std::vector<std::pair<std::string, std::string>> neighbours_;
};

/// "no error", or the code, where it is one that a shortage may have for a consequence. The servers
/// are well and the calls are right, so anything else fails the test.
template <typename T>
std::string checked_code(const Result<T>& result) {
  const std::string code = code_of(result);
  if (!result) {
    INFO("it said: " << result.error().describe());
    CHECK(code != "timeout");
    CHECK(code != "invalid_argument");
    CHECK(code != "rejected");
    CHECK(code != "decode");
    CHECK(code != "protocol");
  }
  return code;
}

/// What a value must be after a write that ended with this code.
inline void check_written(const std::string& code, const std::optional<std::string>& seen,
                          const std::optional<std::string>& before,
                          const std::optional<std::string>& after) {
  INFO("the write: " << code);
  if (code == "no error") CHECK(seen == after);
  if (code == "outcome_unknown") CHECK((seen == before || seen == after));
  if (code != "no error" && code != "outcome_unknown") CHECK(seen == before);
}

/// Every failure up to here, and some of the later ones.
inline constexpr std::size_t every_failure = 40;

/// For `with_each_failure`: once memory has run out, none comes back during the call.
inline constexpr std::size_t lasting = 1'000'000'000;

/// Runs `call` with each of its allocations failing in turn (and `more` behind it), until a run has
/// fewer than that, and `check` on each outcome. `prepare` comes before each call, `check` after
/// it; both have memory.
template <typename Prepare, typename Call, typename Check>
void with_each_failure(const char* what, Scope scope, const Prepare& prepare, const Call& call,
                       const Check& check, std::size_t more = 0) {
  const char* const where = scope == Scope::thread ? "thread" : "process";
  for (std::size_t number = 1;; number += 1 + (number > every_failure ? number / 10 : 0)) {
    const Watchdog watchdog(what, where, number);
    INFO(what << ", failure " << number << " in the " << where);
    prepare();
    bool happened = false;
    std::string thrown;
    std::optional<decltype(call())> outcome;
    {
      const FailingAllocation failure(scope, number, more);
      try {
        outcome.emplace(call());
      } catch (const std::exception& exception) {
        thrown = exception.what();
      }
      happened = failure.happened();
    }
    CHECK(thrown == "");
    REQUIRE(outcome);
    check(*outcome);
    if (!happened) break;
  }
}

}  // namespace cachekit::test

/// Runs the rest of the test case over Redis and Memcached, for failures in the calling thread and
/// in the whole process.
#define CACHEKIT_FOR_ALL_SHORTAGES(kind, scope)                                       \
  const cachekit::test::Kind kind = GENERATE(from_range(cachekit::test::both_kinds)); \
  const cachekit::test::Scope scope =                                                 \
      GENERATE(cachekit::test::Scope::thread, cachekit::test::Scope::process);        \
  INFO("server: " << to_string(kind))
