#include "net/failure.hpp"

#include <utility>

#include <fmt/format.h>

namespace cachekit::net {

Error connection_error(Errc code, std::string why, const std::string& endpoint, bool in_doubt) {
  if (in_doubt && (code == Errc::unavailable || code == Errc::timeout || code == Errc::cancelled)) {
    return {Errc::outcome_unknown,
            fmt::format("{} after a write was sent: it may have been done or not", why), endpoint,
            "read the value back before you write again"};
  }
  if (code == Errc::timeout) {
    return {code, std::move(why), endpoint, "raise the timeout, or look at the server's load"};
  }
  return {
      code, std::move(why), endpoint,
      code == Errc::protocol ? "check that the port belongs to the server that is expected" : ""};
}

}  // namespace cachekit::net
