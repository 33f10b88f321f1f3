#include "net/failure.hpp"

#include "core/out_of_memory.hpp"

#include <new>

#include <fmt/format.h>

namespace cachekit::net {
namespace {

bool may_be_outcome_unknown(Errc code) noexcept {
  return code == Errc::unavailable || code == Errc::timeout || code == Errc::cancelled ||
         code == Errc::overloaded || code == Errc::protocol;
}

Error in_words(Errc code, std::string_view why, const std::string& endpoint) {
  switch (code) {
    case Errc::outcome_unknown:
      return {code, fmt::format("{} after a write was sent: it may have been done or not", why),
              endpoint, "read the value back before you write again"};
    case Errc::timeout:
      return {code, std::string(why), endpoint, "raise the timeout, or look at the server's load"};
    case Errc::protocol:
      return {code, std::string(why), endpoint,
              "check that the port belongs to the server that is expected"};
    default:
      return {code, std::string(why), endpoint, {}};
  }
}

Error says(Errc code, const char* what, const std::string& endpoint,
           const char* hint = "") noexcept {
  try {
    return {code, what, endpoint, hint};
  } catch (const std::bad_alloc&) {
    return out_of_memory(code);
  }
}

}  // namespace

Error connection_error(Errc code, std::string_view why, const std::string& endpoint,
                       bool broken) noexcept {
  if (broken && may_be_outcome_unknown(code)) code = Errc::outcome_unknown;
  try {
    return in_words(code, why, endpoint);
  } catch (const std::bad_alloc&) {
    return out_of_memory(code);
  }
}

Error too_late_to_begin(const std::string& endpoint) noexcept {
  return says(Errc::timeout, "there was no time left to begin it", endpoint,
              "raise the timeout, or ask for less at once");
}

Error backend_destroyed(const std::string& endpoint) noexcept {
  return says(Errc::cancelled, "the backend was destroyed", endpoint);
}

Error caller_withdrew(const std::string& endpoint) noexcept {
  return says(Errc::cancelled, "the caller withdrew the request", endpoint);
}

Error no_thread(const std::string& endpoint) noexcept {
  return says(Errc::overloaded, "there is no thread to be had for requests that nobody waits for",
              endpoint, "raise the limit of threads (ulimit -u, pids of the container)");
}

Error no_turn_in_time(const std::string& endpoint, bool behind) noexcept {
  if (behind) {
    return says(Errc::timeout, "what its thread asked before was not answered in time", endpoint,
                "raise the timeout");
  }
  return says(Errc::timeout, "there was no connection in time", endpoint,
              "raise the timeout, or check that the server is up and reachable");
}

}  // namespace cachekit::net
