#include "redis/patience.hpp"

#include "redis/error_map.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <array>

namespace cachekit::redis {
namespace {

// BUSY is not among them: a script that runs for seconds wants somebody to look at it.
constexpr std::array<std::string_view, 4> codes_of_a_moment{"CLUSTERDOWN", "LOADING", "MASTERDOWN",
                                                            "TRYAGAIN"};

}  // namespace

bool passes_soon(const Error& error) noexcept {
  if (error.code != Errc::unavailable) return false;
  const std::string_view code = code_of_reply(error.message);
  return std::ranges::find(codes_of_a_moment, code) != codes_of_a_moment.end();
}

bool Patience::again_after(const Error& error) {
  if (!passes_soon(error)) return false;
  backoff_.failed(Deadline::clock::now());
  if (backoff_.next() >= deadline_.at()) return false;
  Runtime::current().sleep_until(backoff_.next());
  return true;
}

}  // namespace cachekit::redis
