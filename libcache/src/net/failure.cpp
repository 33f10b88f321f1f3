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
  try {
    return {Errc::timeout, "there was no time left to begin it", endpoint,
            "raise the timeout, or ask for less at once"};
  } catch (const std::bad_alloc&) {
    return out_of_memory(Errc::timeout);
  }
}

}  // namespace cachekit::net
