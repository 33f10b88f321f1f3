#include <cachekit/fetched.hpp>

namespace cachekit {

std::string_view to_string(Origin origin) noexcept {
  switch (origin) {
    case Origin::none:
      return "none";
    case Origin::cache:
      return "cache";
    case Origin::source:
      return "source";
    case Origin::stale:
      return "stale";
  }
  return "unknown";
}

std::string_view to_string(MissReason reason) noexcept {
  switch (reason) {
    case MissReason::none:
      return "none";
    case MissReason::absent:
      return "absent";
    case MissReason::cache_error:
      return "cache_error";
    case MissReason::undecodable:
      return "undecodable";
    case MissReason::expired:
      return "expired";
    case MissReason::schema_changed:
      return "schema_changed";
    case MissReason::bypassed:
      return "bypassed";
    case MissReason::invalidated:
      return "invalidated";
    case MissReason::due:
      return "due";
  }
  return "unknown";
}

std::string_view to_string(WaitedFor waited_for) noexcept {
  switch (waited_for) {
    case WaitedFor::nobody:
      return "nobody";
    case WaitedFor::caller:
      return "caller";
    case WaitedFor::process:
      return "process";
  }
  return "unknown";
}

}  // namespace cachekit
